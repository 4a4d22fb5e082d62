// Elasticsearch's client for JavaScript as people use it. Runs with versions 8 and 9: the first argument is the package.
const fs = require("node:fs");

const { Client, errors } = require(process.argv[2]);
const told = JSON.parse(fs.readFileSync(0, "utf8"));
const node = told.address;

async function helpersBulk(client) {
  const done = await client.helpers.bulk({
    datasource: told.actions,
    flushBytes: 20000,
    concurrency: 3,
    onDocument: ({ _index, _id, _source }) => [{ create: { _index, _id } }, _source],
  });
  return { sent: done.successful, errors: done.failed ? [done] : [] };
}

const ways = {
  async bulk() {
    const operations = told.actions.flatMap(({ _index, _id, _source }) => [{ index: { _index, _id } }, _source]);
    const answer = await new Client({ node }).bulk({ operations, refresh: "wait_for" });
    return { sent: answer.items.filter((item) => item.index.status === 201).length, errors: [] };
  },

  helpers: () => helpersBulk(new Client({ node })),

  compressed: () => helpersBulk(new Client({ node, compression: true, auth: { apiKey: "bm90OmNoZWNrZWQ=" } })),

  async start() {
    const client = new Client({ node, sniffOnStart: true });
    await client.indices.putIndexTemplate({ name: "mine", index_patterns: ["logs-mine-*"] });
    await client.create({ index: told.index, id: "1", document: { a: 1 } });
    const refused = await client
      .create({ index: told.index, id: "1", document: { a: 2 } })
      .catch((error) => (error instanceof errors.ResponseError ? error.statusCode : String(error)));
    return {
      ping: await client.ping(),
      version: (await client.info()).version.number,
      health: (await client.cluster.health()).status,
      exists: [
        await client.indices.exists({ index: told.index }),
        await client.indices.exists({ index: "logs-other" }),
      ],
      create: refused,
    };
  },

  async searching() {
    const client = new Client({ node });
    const { index } = told;
    const found = await client.eql.search({ index, query: told.query, size: 100 });
    const filter = [{ term: { "event.category": "registry" } }, { range: { "@timestamp": { gte: "2020" } } }];
    const { hits } = await client.search({ index, query: { bool: { filter } }, size: 2, sort: [{ "@timestamp": "desc" }] });
    return {
      events: found.hits.events.map((event) => event._id),
      total: found.hits.total.value,
      count: (await client.count({ index })).count,
      hits: hits.total.value,
      times: hits.hits.map((hit) => hit._source["@timestamp"]),
    };
  },
};

ways[process.argv[3]]().then((answer) => process.stdout.write(JSON.stringify(answer)));
