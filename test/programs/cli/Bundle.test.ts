/** The bundle of the image as rolldown.config.ts makes it: what is in it, and what its entry says of the demo. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { build, type OutputChunk } from "rolldown"
import config from "../../../rolldown.config.ts"

const directory = mkdtempSync(path.join(tmpdir(), "linuxptp-daemon-bundle-"))
afterAll(() => rmSync(directory, { recursive: true }))

let chunks: ReadonlyArray<OutputChunk> = []
// The build is a second of work, which a busy machine may not give at once.
beforeAll(async () => {
  // Node would have to guess otherwise.
  writeFileSync(path.join(directory, "package.json"), `{"type":"module"}`)
  const { output } = await build({ ...config, logLevel: "silent", output: { ...config.output, dir: directory } })
  chunks = output.filter((file) => file.type === "chunk")
}, 60_000)

/** Every module that any chunk has, as a path below the root of the project. */
const modules = () => chunks.flatMap(({ moduleIds }) => moduleIds).map((id) => path.relative(".", id))

describe("the image's bundle", () => {
  it("has the daemon and the commands that are of use on a node", () => {
    assert.includeMembers(modules(), [
      "src/programs/Daemon.ts",
      ...["Run", "Plan", "Devices", "Parse", "Status"].map((name) => `src/programs/cli/${name}Command.ts`)
    ])
  })

  it("has nothing of the demo room and none of the demo's packages", () => {
    const ofTheDemo =
      /^src\/layers\/simulated\/|^src\/programs\/cli\/demo\/|(^|\/)node_modules\/(ajv|fast-json-patch)\//
    assert.deepStrictEqual(modules().filter((name) => ofTheDemo.test(name)), [])
  })

  it("answers `demo`, with whatever flags, with one sentence that says where there is one, and exit code 2", () => {
    assert.include(readdirSync(directory), "main.js")
    const { status, stderr, stdout } = spawnSync(process.execPath, [
      path.join(directory, "main.js"),
      "demo",
      "--port",
      "0"
    ], { encoding: "utf8" })
    assert.deepStrictEqual(
      [status, stdout, stderr],
      [2, "", "error: there is no demo in this build: run `npm start` in a checkout of linuxptp-daemon\n"]
    )
  })
})
