import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Layer, Option } from "effect"
import { ChildProcessSpawner } from "effect/process"
import { TestClock } from "effect/testing"
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import * as TimemasterDryRun from "../../../src/layers/linuxptp/TimemasterDryRun.ts"
import * as SimulatedConfigurationCheck from "../../../src/layers/simulated/linuxptp/SimulatedConfigurationCheck.ts"
import type { Program } from "../../../src/services/linuxptp/Program.ts"
import { ConfigurationCheck } from "../../../src/services/processes/ConfigurationCheck.ts"
import type { ProcessSpec } from "../../../src/services/processes/ProcessSpec.ts"
import { spec } from "../processes/ScriptedRunner.ts"

const isMissing = spawnSync("timemaster", ["-v"]).error !== undefined

const planned = (runDirectory: string, text: string, program: Program = "timemaster"): ProcessSpec => {
  const directory = `${runDirectory}/${program}-tm-00000000`
  const path = `${directory}/${program}.conf`
  return spec(`${program}-tm-00000000`, {
    program,
    argv: ["chrt", "--fifo", "10", program, "-l", "6", "-m", "-q", "-f", path],
    files: { [path]: text.replace("RUNDIR", directory) },
    directory
  })
}

/** What the check says of `text`, and what it has left in the run directory. */
const refusalOf = Effect.fnUntraced(
  function*(text: string, options: Partial<TimemasterDryRun.TimemasterDryRunOptions> = {}, program?: Program) {
    const fs = yield* FileSystem.FileSystem
    const runDirectory = yield* fs.makeTempDirectoryScoped()
    const check = yield* Effect.provide(ConfigurationCheck, TimemasterDryRun.layer({ runDirectory, ...options }))
    const refusal = yield* check.refusal(planned(runDirectory, text, program))
    return { refusal: Option.getOrUndefined(refusal), left: yield* fs.readDirectory(runDirectory) }
  },
  Effect.scoped,
  Effect.provide(NodeServices.layer)
)

/** A directory with a stand-in for timemaster. */
const standIn = Effect.fnUntraced(function*(script: string) {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  yield* fs.writeFileString(`${directory}/timemaster`, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return directory
}, Effect.provide(NodeServices.layer))

const withStandIn = (script: string, within: ReadonlyArray<string> = []) =>
  Effect.flatMap(standIn(script), (directory) => refusalOf("", { searchPath: [directory, "/usr/bin", "/bin"], within }))

const nothing = { refusal: undefined, left: [] }

describe.skipIf(isMissing)(`timemaster -n${isMissing ? " (skipped: needs timemaster)" : ""}`, () => {
  it.effect.each<readonly [string, string | undefined]>([
    ["[timemaster]\nrundir RUNDIR\n", undefined],
    ["[timemaster]\nrundir RUNDIR\nfoo 1\n", "unknown timemaster setting foo"],
    ["[nosuchsection]\nx 1\n", "unknown section nosuchsection"],
    ["x 1\n", "settings outside section"],
    ["[ptp_domain 0]\ndelay 1e-4\n", "no interfaces specified for ptp_domain 0"],
    ["[ptp_domain 0]\ninterfaces nosuch0 nosuch1\n", undefined]
  ])("judges %j: %s", ([text, refusal]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* refusalOf(text), { refusal, left: [] })
    }))
})

describe("TimemasterDryRun", () => {
  it.effect("asks with -n, the same options and a copy of the file, without the policy and outside the live directory", () =>
    Effect.gen(function*() {
      const { left, refusal } = yield* withStandIn(
        "echo \"timemaster: $* $(cat $7) env $(env | sort | xargs)\" >&2; exit 1"
      )
      assert.match(
        refusal ?? "",
        /^timemaster: -n -l 6 -m -q -f \/\S+\/timemaster-check-[0-9a-f]{8}\/timemaster\.conf +env LC_ALL=C PATH=/
      )
      assert.deepStrictEqual(left, [])
    }))

  it.effect("runs it where it is told", () =>
    Effect.gen(function*() {
      const { refusal } = yield* withStandIn("echo \"timemaster: $WHERE\" >&2; exit 1", ["env", "WHERE=there"])
      assert.strictEqual(refusal, "timemaster: there")
    }))

  it.effect.each<readonly [string, string]>([
    [
      "a missing NIC, which may come",
      "echo 'timemaster[1.000]: failed to get time stamping info for eth7' >&2; exit 1"
    ],
    ["words of somebody else", "echo 'Cannot open network namespace' >&2; exit 1"],
    ["a program that can't be executed", "echo 'timemaster: error while loading shared libraries' >&2; exit 127"],
    ["a silent refusal", "exit 1"],
    ["a death", "echo 'timemaster: x' >&2; kill -9 $$"],
    ["a complaint without consequence", "echo 'timemaster: x' >&2"]
  ])("takes %s for no refusal", ([, script]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* withStandIn(script), nothing)
    }))

  it.effect("tells the first complaint that is not about a missing NIC, without the time, at most 200 characters", () =>
    Effect.gen(function*() {
      const { refusal } = yield* withStandIn(
        "{ echo 'timemaster[1.000]: failed to get time stamping info for a'; " +
          "echo 'timemaster[1.000]: time stamping not supported on br0'; } >&2; exit 1"
      )
      assert.strictEqual(refusal, "time stamping not supported on br0")
      const long = yield* withStandIn("printf 'timemaster[1.000]: %0300d\\n' 7 >&2; exit 1")
      assert.strictEqual(long.refusal, "0".repeat(200))
    }))

  it.effect("asks nobody for other programs, when timemaster is missing or when there is no place for the copy", () =>
    Effect.gen(function*() {
      const searchPath = [yield* standIn("echo 'timemaster: asked' >&2; exit 1")]
      assert.deepStrictEqual(yield* refusalOf("", { searchPath }, "ptp4l"), nothing)
      assert.deepStrictEqual(yield* refusalOf("", { searchPath: ["/nowhere"] }), nothing)
      assert.deepStrictEqual(yield* refusalOf("", { searchPath, runDirectory: "/proc/nowhere" }), nothing)
    }))

  it.live("ends one that does not answer within 2 s, though it floods", () =>
    Effect.gen(function*() {
      const pidFile = `${yield* standIn("")}/pid`
      assert.deepStrictEqual(yield* withStandIn(`echo $$ > ${pidFile}; while :; do echo flood >&2; done`), nothing)
      assert.isFalse(existsSync(`/proc/${readFileSync(pidFile, "utf8").trim()}`))
    }))

  it.live("ends it and removes the copy when nobody waits any more", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const runDirectory = yield* fs.makeTempDirectoryScoped()
      const pidFile = `${runDirectory}/pid`
      const searchPath = [yield* standIn(`echo $$ > ${pidFile}; exec sleep 60`), "/bin"]
      const check = yield* Effect.provide(ConfigurationCheck, TimemasterDryRun.layer({ runDirectory, searchPath }))
      const asking = yield* Effect.forkChild(check.refusal(planned(runDirectory, "")))
      const readPid = Effect.sync(() => existsSync(pidFile) ? readFileSync(pidFile, "utf8").trim() : "")
      const pid = yield* readPid.pipe(Effect.delay("5 millis"), Effect.repeat({ until: (text) => text !== "" }))
      yield* Fiber.interrupt(asking)
      assert.isFalse(existsSync(`/proc/${pid}`))
      assert.deepStrictEqual(readdirSync(runDirectory), ["pid"])
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

  it.effect("gives up after 3 s on a child that the kernel does not give back", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const runDirectory = yield* fs.makeTempDirectoryScoped()
      const stuck = Layer.mock(ChildProcessSpawner.ChildProcessSpawner, {
        spawn: () => Effect.acquireRelease(Effect.never, () => Effect.never)
      })
      const layer = TimemasterDryRun.layer({ runDirectory, searchPath: [yield* standIn("")] })
      const check = yield* Effect.provide(ConfigurationCheck, Layer.provide(layer, stuck))
      const asking = yield* Effect.forkChild(check.refusal(planned(runDirectory, "")), { startImmediately: true })
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(yield* Fiber.join(asking), Option.none())
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})

describe("SimulatedConfigurationCheck", () => {
  it.effect("refuses nothing", () =>
    Effect.gen(function*() {
      const check = yield* Effect.provide(ConfigurationCheck, SimulatedConfigurationCheck.layer)
      assert.deepStrictEqual(yield* check.refusal(planned("/run/d", "[nonsense]")), Option.none())
    }))
})
