/**
 * An API server with TLS in a thread of its own: it answers while the daemon's event loop is held up. It is given
 * certificate and key, writes its port into shared memory, and answers every request with an object whose
 * resourceVersion is the number of connections there were.
 */
import { createServer } from "node:https"
import { workerData } from "node:worker_threads"

let connections = 0
const server = createServer({ cert: workerData.cert, key: workerData.key, keepAliveTimeout: 60_000 }, (_, response) => {
  response.writeHead(200, { "content-type": "application/json" })
  const items = [{ metadata: { name: "worker-1", resourceVersion: `${connections}` } }]
  response.end(JSON.stringify({ kind: "List", metadata: { resourceVersion: "5" }, items }))
})
server.on("secureConnection", () => void connections++)
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  Atomics.store(workerData.port, 0, address !== null && typeof address === "object" ? address.port : 0)
  Atomics.notify(workerData.port, 0)
})
