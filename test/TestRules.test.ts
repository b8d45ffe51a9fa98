/** The rules of docs/architecture.md for the tests themselves, read off their text. */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { allMutants } from "./mutants/AllMutants.ts"

const tests = readdirSync("test", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({ name, text: readFileSync(`test/${name}`, "utf8") }))

/** The tests, but for those in `except`, whose text has this. */
const testsWith = (pattern: RegExp, except: ReadonlyArray<string> = []) =>
  tests.filter(({ name, text }) => pattern.test(text) && !except.some((place) => name.startsWith(place)))
    .map(({ name }) => name)

const inRealTime = /\bit\.live\b|\bexcludeTestServices: true\b/

/** Who may live in real time, and why. */
const realTime = [
  // Real linuxptp, and a real API server, also for the contract that both servers are held to.
  "system/",
  "cluster/",
  "contract/KubernetesContract.ts",
  // They bring a virtual clock of their own, which drives the whole scenario.
  "chaos/",
  "faults/",
  // The kernel ends processes, takes locks and runs programs in its own time.
  "layers/processes/ChildProcessRunner.test.ts",
  "layers/processes/DaemonGuard.test.ts",
  "layers/processes/RestartLeaks.test.ts",
  "layers/processes/DeviceClaims.test.ts",
  "layers/processes/RunDirectory.test.ts",
  "layers/linuxptp/TimemasterDryRun.test.ts"
]

describe("test rules", () => {
  it("reads the tests at all", () => assert.isAbove(tests.length, 100))

  it("only tests of what the kernel does live in real time", () =>
    assert.deepStrictEqual(testsWith(inRealTime, realTime), []))

  it("whoever may live in real time does", () =>
    assert.deepStrictEqual(
      realTime.filter((place) => !testsWith(inRealTime).some((name) => name.startsWith(place))),
      []
    ))

  it("no module is mocked: files share a process, and a service is replaced by a layer", () =>
    assert.deepStrictEqual(testsWith(/\bvi\.(do)?mock\b/i), []))

  it("every mutant fits the sources: its text is there once, and so are its tests", () =>
    assert.deepStrictEqual(
      allMutants.filter(({ file, search, tests }) =>
        readFileSync(file, "utf8").split(search).length !== 2 || !tests.every((name) => existsSync(`test/${name}`))
      ).map(({ name }) => name),
      []
    ))

  it("properties are fast-check's", () => assert.deepStrictEqual(testsWith(/\bit(\.effect)?\.prop\b/), []))
})
