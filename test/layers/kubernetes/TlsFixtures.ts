/** The certificates of test/fixtures/tls as text, by name; its README says which signed which. */
import { Effect } from "effect"
import { readFileSync } from "node:fs"

const read = (file: string) => readFileSync(`test/fixtures/tls/${file}`, "utf8")

export const tlsFixtures = Effect.sync(() => ({
  key: read("server-key.pem"),
  ca: read("ca.pem"),
  oldCa: read("old-ca.pem"),
  nextCa: read("next-ca.pem"),
  /** Signed by `ca`. */
  server: read("server.pem"),
  /** Signed by `nextCa`, as are all below. */
  nextServer: read("next-server.pem"),
  expiredServer: read("expired-server.pem"),
  futureServer: read("future-server.pem"),
  elsewhereServer: read("elsewhere-server.pem"),
  clientOne: read("client-one.pem"),
  clientTwo: read("client-two.pem")
}))
