/**
 * What the daemon says of the clock is what ptp4l itself says of it, soon after it has become so and however often ptp4l
 * prints a summary: NodePTPDev and metrics are compared with pmc.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { HttpClient } from "effect/http"
import { execFileSync } from "node:child_process"
import { createManifests } from "../../src/programs/cli/demo/CreateManifests.ts"
import type { NodePTPDevStatus } from "../../src/services/kubernetes/NodePTPDev.ts"
import { interfaceRole, isPortState } from "../../src/services/linuxptp/PortState.ts"
import { killOwn } from "../KillOwn.ts"
import { eventually, ip, labLayer, labMissing, startGrandmaster } from "./Lab.ts"
import { clientProfile, configOf, makeNodeWith, portOf } from "./LabNode.ts"

const live = Effect.provide(labLayer)

const metricsPort = "19091"

/** How long the daemon may take once ptp4l answers so: a second, and what pmc and a busy machine need. */
const soon = "2 seconds"

const pmc = (socket: string, question: string) =>
  execFileSync("pmc", ["-u", "-b", "0", "-s", socket, `GET ${question}`], { encoding: "utf8" })

const fieldOf = (answer: string, name: string): string | undefined =>
  new RegExp(`^\\s+${name}\\s+(\\S+)`, "m").exec(answer)?.[1]

const makeClient = Effect.gen(function*() {
  const node = yield* makeNodeWith(() => ({ METRICS_PORT: metricsPort }))
  const metric = Effect.fnUntraced(function*(name: string) {
    const response = yield* HttpClient.get(`http://127.0.0.1:${metricsPort}/metrics`)
    const value = new RegExp(`^openshift_ptp_${name}\\{[^}]*process="ptp4l"[^}]*\\} (\\S+)$`, "m").exec(
      yield* response.text
    )?.[1]
    return value === undefined ? undefined : Number(value)
  })
  const socketOf = (status: NodePTPDevStatus) => `${node.runDirectory}/${status.processes[0]?.id ?? ""}/ptp4l`
  /** Waits until ptp4l is in this state, by its own answer. */
  const ptp4lIs = (state: string, socket: string) =>
    eventually(
      `ptp4l is ${state}`,
      Effect.sync(() => fieldOf(pmc(socket, "PORT_DATA_SET"), "portState") === state ? true : undefined)
    )
  /** The three agree, and are so soon after ptp4l is. */
  const allSay = Effect.fnUntraced(function*(state: string, clock: string, socket: string) {
    yield* ptp4lIs(state, socket)
    const status = yield* node.statusWhere(
      `${state} ${clock}`,
      (now) => portOf(now, "nic0") === state && now.clock?.state === clock,
      soon
    )
    const told = pmc(socket, "TIME_STATUS_NP")
    const grandmaster = state === "SLAVE" ? fieldOf(told, "gmIdentity") : undefined
    assert.strictEqual(status.clock?.grandmaster, grandmaster)
    assert.strictEqual(yield* metric("clock_state"), ["FREERUN", "LOCKED", "HOLDOVER"].indexOf(clock))
    assert.strictEqual(yield* metric("interface_role"), isPortState(state) ? interfaceRole(state) : undefined)
    const offset = yield* metric("offset_ns")
    if (clock === "LOCKED") assert.isBelow(Math.abs(offset ?? Infinity), 999_999)
    if (state === "FAULTY") assert.strictEqual(offset, 999_999)
  })
  return { ...node, allSay, socketOf }
})

describe.skipIf(labMissing !== undefined)(
  `the truth of the clock${labMissing === undefined ? "" : ` (skipped: ${labMissing})`}`,
  () => {
    // A node of its own for each: the daemon writes a status ten times at once, and then every 5 s.
    for (const [summaryInterval, level] of [[-2, 6], [0, 7], [4, 7], [8, 6]] as const) {
      const options = `--summary_interval ${summaryInterval} -l ${level}`
      it.live(`is known at each rest point with ${options}`, () =>
        Effect.gen(function*() {
          const { allSay, grandmaster, lab, socketOf, statusWhere } = yield* makeClient
          yield* createManifests(lab.server, [configOf("lab", 4, clientProfile(options))])
          const socket = socketOf(yield* statusWhere("it runs", ({ processes }) => processes.length > 0))
          yield* allSay("SLAVE", "LOCKED", socket)

          ip("-n", lab.grandmaster, "link", "set", "gm0", "down")
          yield* allSay("FAULTY", "HOLDOVER", socket)
          yield* Effect.sleep("1500 millis")
          ip("-n", lab.grandmaster, "link", "set", "gm0", "up")
          yield* allSay("SLAVE", "LOCKED", socket)

          yield* grandmaster.kill("SIGKILL")
          yield* allSay("LISTENING", "HOLDOVER", socket)
          yield* startGrandmaster(lab)
          yield* allSay("SLAVE", "LOCKED", socket)
        }).pipe(Effect.scoped, live))
    }

    it.live("is not LOCKED within 7 s of a SIGSTOP, also right after a summary", () =>
      Effect.gen(function*() {
        const { childOf, lab, statusWhere } = yield* makeClient
        yield* createManifests(lab.server, [configOf("lab", 4, clientProfile("--summary_interval 8"))])
        yield* statusWhere("it is LOCKED", ({ clock }) => clock?.state === "LOCKED")
        const pid = childOf("ptp4l", "client")
        killOwn(pid, "SIGSTOP")
        yield* statusWhere("it is LOCKED no more", ({ clock }) => clock?.state !== "LOCKED", "7 seconds")
        killOwn(pid, "SIGCONT")
        yield* statusWhere("it is LOCKED again", ({ clock }) => clock?.state === "LOCKED")
        assert.strictEqual(childOf("ptp4l", "client"), pid)
      }).pipe(Effect.scoped, live))
  }
)
