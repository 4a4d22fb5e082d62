// OpenSearch's client for JavaScript as people use it.
const fs = require("node:fs");

const { Client } = require("@opensearch-project/opensearch");
const told = JSON.parse(fs.readFileSync(0, "utf8"));
const client = new Client({ node: told.address, suggestCompression: true });

async function bulk() {
  const done = await client.helpers.bulk({
    datasource: told.actions,
    onDocument: ({ _index, _id, _source }) => [{ create: { _index, _id } }, _source],
  });
  const { body } = await client.info();
  return { sent: done.successful, errors: done.failed ? [done] : [], version: body.version.number };
}

bulk().then((answer) => process.stdout.write(JSON.stringify(answer)));
