import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Option, Runtime, Schema } from "effect"
import { Command } from "effect/cli"
import { TestConsole } from "effect/testing"
import { planCommand, printPlan } from "../../../src/programs/cli/PlanCommand.ts"
import { withUsageExit } from "../../../src/programs/cli/UsageExit.ts"
import { InstalledLinuxptp } from "../../../src/services/linuxptp/InstalledLinuxptp.ts"
import type { LinuxptpVersion } from "../../../src/services/linuxptp/LinuxptpVersion.ts"

const fixtures = `${import.meta.dirname}/../../fixtures/manifests`
const boundaryClock = `${fixtures}/boundary-clock.yaml`

const joined = (lines: ReadonlyArray<unknown>) => lines.map(String).join("\n")

/** Runs the command as the entry point does: what it prints and the code it would exit with. */
const plan = Effect.fnUntraced(function*(args: ReadonlyArray<string>) {
  const exit = yield* Command.runWith(planCommand, { version: "0" })(args).pipe(withUsageExit, Effect.exit)
  let code = 0
  Runtime.defaultTeardown(exit, (given) => {
    code = given
  })
  return { code, stdout: joined(yield* TestConsole.logLines), stderr: joined(yield* TestConsole.errorLines) }
}, Effect.provide(Layer.mergeAll(NodeServices.layer, TestConsole.layer)))

const Printed = Schema.fromJsonString(Schema.Struct({
  node: Schema.String,
  linuxptpVersion: Schema.String,
  profiles: Schema.Array(Schema.Json),
  skipped: Schema.Array(Schema.Json),
  processes: Schema.Array(Schema.Struct({
    id: Schema.String,
    program: Schema.String,
    argv: Schema.Array(Schema.String),
    files: Schema.Record(Schema.String, Schema.String),
    after: Schema.Array(Schema.String)
  })),
  problems: Schema.Array(Schema.Json)
}))

describe("plan", () => {
  it.effect("prints one JSON object with exactly the fields of its contract", () =>
    Effect.gen(function*() {
      const { code, stdout } = yield* plan(
        ["-f", boundaryClock, "--node", "worker-1", "--linuxptp", "4.4", "--devices", "ens787f1", "-o", "json"]
      )
      assert.strictEqual(code, 0)
      const printed = yield* Schema.decodeUnknownEffect(Printed)(stdout, { onExcessProperty: "error" })
      assert.deepStrictEqual({ ...printed, processes: printed.processes.map(({ id, program }) => ({ id, program })) }, {
        node: "worker-1",
        linuxptpVersion: "4.4",
        profiles: [{ config: "boundary-clock", name: "profile1", priority: 4, matchedBy: "nodeName worker-1" }],
        skipped: [],
        processes: [
          { id: "phc2sys-profile1-883f2c25", program: "phc2sys" },
          { id: "ptp4l-profile1-883f2c25", program: "ptp4l" }
        ],
        problems: []
      })
      const [phc2sys, ptp4l] = printed.processes
      assert.deepStrictEqual(phc2sys?.after, [ptp4l?.id ?? ""])
      assert.deepStrictEqual(Object.keys(ptp4l?.files ?? {}), [
        `/var/run/linuxptp-daemon/${ptp4l?.id ?? ""}/ptp4l.conf`
      ])
    }))

  it.effect("warns of an input without any NodePTPCfg, as a pipeline that failed leaves it", () =>
    Effect.gen(function*() {
      const { code, stdout } = yield* plan(["-f", "deploy/00-ns.yaml", "--node=worker-1", "--linuxptp=4.4"])
      assert.strictEqual(code, 0)
      assert.include(stdout, "warning: deploy/00-ns.yaml: no NodePTPCfg found")
    }))

  it.effect("refuses a node without a name", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* plan(["-f", boundaryClock, "--node="])).code, 2)
    }))

  it.effect("prints a page for people", () =>
    Effect.gen(function*() {
      const { code, stdout } = yield* plan(
        [
          "-f",
          boundaryClock,
          "--node=worker-7",
          "--labels=a=b,node-role.kubernetes.io/worker=",
          "--linuxptp=3.1.1",
          "--devices=eth0,ens787fl"
        ]
      )
      assert.strictEqual(code, 1)
      assert.include(stdout, "Node worker-7, linuxptp 3.1.1\n")
      assert.include(
        stdout,
        "boundary-clock/profile1: priority 4, by nodeLabel node-role.kubernetes.io/worker, on ens787f1\n"
      )
      assert.include(stdout, "ptp4l -s -2 -f /var/run/linuxptp-daemon/ptp4l-profile1-883f2c25/ptp4l.conf\n")
      assert.include(
        stdout,
        "error: boundary-clock: spec.profile[0].interface: profile \"profile1\", interface: " +
          "worker-7 has no interface ens787f1 (did you mean ens787fl?); it is started again and again until it comes"
      )
    }))

  it.effect("says why nothing runs, and that this is no error", () =>
    Effect.gen(function*() {
      const { code, stdout } = yield* plan(["-f", boundaryClock, "--node", "worker-7", "--linuxptp", "4.4"])
      assert.strictEqual(code, 0)
      assert.include(stdout, "Profiles that run: none: no profile matches this node\n")
      assert.include(stdout, "boundary-clock/profile1: NoMatch: no rule matches node worker-7\n")
    }))

  it.effect("says that a profile matched, but is not valid", () =>
    Effect.gen(function*() {
      for (const manifest of ["priority-is-no-number", "option-with-a-typo"]) {
        const { code, stdout } = yield* plan([
          "-f",
          `${fixtures}/${manifest}.yaml`,
          "--node=worker-1",
          "--linuxptp=4.4"
        ])
        assert.strictEqual(code, 1)
        assert.include(stdout, "Profiles that run: none: a profile matched, but it is not valid\n")
        assert.include(stdout, `${manifest}/p: InvalidProfile: nodeName worker-1 matches, but `)
        const elsewhere = yield* plan(["-f", `${fixtures}/${manifest}.yaml`, "--node=worker-2", "--linuxptp=4.4"])
        assert.include(elsewhere.stdout, "Profiles that run: none: no profile matches this node\n")
      }
    }))

  it.effect("says that a recommendation matched, but means no profile", () =>
    Effect.gen(function*() {
      const { stdout } = yield* plan(["-f", `${fixtures}/dangling.yaml`, "--node=worker-1", "--linuxptp=4.4"])
      assert.include(stdout, "Profiles that run: none: a recommendation matched, but not one profile is meant\n")
    }))

  it.effect("warns of unknown fields and of kinds that look like ours", () =>
    Effect.gen(function*() {
      const file = `${fixtures}/lookalikes.yaml`
      const { code, stdout } = yield* plan(["-f", file, "--node=worker-1", "--linuxptp=4.4"])
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(stdout.slice(stdout.indexOf("Problems:")).split("\n").slice(1), [
        `  warning: ${file}: document 2: is passed over, its kind is "NodePTPCFG": ` +
        "did you mean NodePTPCfg of ptp.openshift.io/v1?",
        `  warning: ${file}: document 3, items[0]: is passed over, its kind is "PtpConfig": ` +
        "it belongs to the OpenShift PTP operator; this daemon reads NodePTPCfg of ptp.openshift.io/v1, " +
        "whose profile and recommend are written alike",
        "  warning: fields: spec.profile[0].phc2sysopts: is an unknown field and has no effect " +
        "(did you mean phc2sysOpts?)",
        "  warning: fields: spec.recommend[0].match[1].nodeLabel: \"rack==7\" matches no node: write rack=7"
      ])
    }))

  it.effect("exits with 1 for a mistake in a manifest, after it has printed the plan", () =>
    Effect.gen(function*() {
      const mistakes = `${fixtures}/mistakes.yaml`
      const { code, stderr, stdout } = yield* plan([
        "-f",
        boundaryClock,
        "-f",
        mistakes,
        "--node",
        "worker-1",
        "--linuxptp",
        "4.4"
      ])
      assert.strictEqual(code, 1)
      assert.strictEqual(stderr, "")
      assert.include(stdout, "boundary-clock/profile1: priority 4")
      assert.include(stdout, `error: ${mistakes}: document 1: is not a resource: it is no map`)
      assert.include(
        stdout,
        "error: readable: spec.recommend[0].priority: must be an integer of at least 0, not \"high\""
      )
    }))

  it.effect.each<readonly [string, ReadonlyArray<string>]>([
    ["an unknown flag", ["-f", boundaryClock, "--node", "a", "--bogus"]],
    ["no node", ["-f", boundaryClock]],
    ["no file", ["--node", "a"]],
    ["a version that is none", ["-f", boundaryClock, "--node", "a", "--linuxptp", "new"]],
    ["an output that is none", ["-f", boundaryClock, "--node", "a", "-o", "yaml"]],
    ["a label without a key", ["-f", boundaryClock, "--node", "a", "--labels", "=x"]],
    ["an unreadable file", ["-f", "/nowhere.yaml", "--node", "a", "--linuxptp", "4.4"]]
  ])("exits with 2 for %s and says so on stderr", ([, args]) =>
    Effect.gen(function*() {
      const { code, stderr } = yield* plan(args)
      assert.strictEqual(code, 2)
      assert.isAbove(stderr.length, 0)
    }))

  it.effect("exits with 0 when it is asked for help", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* plan(["--help"])).code, 0)
    }))
})

describe("printPlan", () => {
  const versionPrinted = Effect.fnUntraced(function*(installed: Option.Option<LinuxptpVersion>) {
    const options = { files: [boundaryClock], node: "a", labels: {}, devices: undefined, linuxptp: undefined }
    const exit = yield* Effect.exit(printPlan({ ...options, output: "text" })).pipe(
      Effect.provideService(InstalledLinuxptp, { version: Effect.succeed(installed) })
    )
    assert.isTrue(Exit.isSuccess(exit))
    return String((yield* TestConsole.logLines).at(-1)).split("\n")[0]
  }, Effect.provide(Layer.mergeAll(NodeServices.layer, TestConsole.layer)))

  it.effect("plans for the installed linuxptp, else for 4.4", () =>
    Effect.gen(function*() {
      const installed = Option.some({ major: 3, minor: 1, patch: 1 })
      assert.strictEqual(yield* versionPrinted(installed), "Node a, linuxptp 3.1.1")
      assert.strictEqual(yield* versionPrinted(Option.none()), "Node a, linuxptp 4.4")
    }))
})
