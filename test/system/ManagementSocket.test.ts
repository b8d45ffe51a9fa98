/**
 * The management client with a real ptp4l: states of ports and clock class, the domain, a dead and a stopped ptp4l, and
 * another program that takes the socket.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Option } from "effect"
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import * as ManagementSocketClient from "../../src/layers/linuxptp/ManagementSocketClient.ts"
import * as Libc from "../../src/layers/native/Libc.ts"
import { type ManagementAnswer, ManagementClient } from "../../src/services/linuxptp/ManagementClient.ts"
import { eventually, type Lab, labLayer, labMissing, makeLab, startPtp4l } from "./Lab.ts"

const bothNics = "-i nic0 -i nic1"

/** A lab with one ptp4l on both cables, which has answered. */
const makeNode = Effect.gen(function*() {
  const lab = yield* makeLab
  const ptp4l = yield* startPtp4l(lab, lab.node, "node", bothNics)
  const { ask } = yield* ManagementClient
  const socket = { path: `${lab.directory}/node`, domainNumber: 0, transportSpecific: 0 }
  const answer = Effect.map(ask(socket), Option.getOrUndefined)
  const answerWhere = (what: string, holds: (answer: ManagementAnswer) => boolean) =>
    eventually(what, Effect.map(answer, (now) => now !== undefined && holds(now) ? now : undefined))
  yield* answerWhere("both ports run", ({ ports }) => ports.every(({ state }) => state !== "INITIALIZING"))
  return { lab, ptp4l, ask, socket, answer, answerWhere }
})

const live = Effect.provide(Layer.provideMerge(ManagementSocketClient.layer, Layer.merge(labLayer, Libc.layer)))

/** Of a client that has seen nothing yet. */
const askAfresh = (socket: Parameters<ManagementClient["Service"]["ask"]>[0]) =>
  Effect.flatMap(ManagementClient, ({ ask }) => ask(socket)).pipe(
    Effect.provide(Layer.fresh(Layer.provide(ManagementSocketClient.layer, Libc.layer)))
  )

/** Every message goes on to as many boundary clocks as `hops`. */
const pmc = ({ directory }: Pick<Lab, "directory">, socket: string, hops: string, ask: string) =>
  execFileSync("pmc", ["-u", "-b", hops, "-s", `${directory}/${socket}`, ask], { encoding: "utf8" })

/** How many management messages have come to each port from the network. */
const managementSeenBy = (lab: Pick<Lab, "directory">, socket: string) =>
  [...pmc(lab, socket, "0", "GET PORT_STATS_NP").matchAll(/rx_Management\s+(\d+)/g)].map(([, count]) => Number(count))

describe.skipIf(labMissing !== undefined)(
  `management socket${labMissing === undefined ? "" : ` (skipped: ${labMissing})`}`,
  () => {
    it.live("tells the state of every port and the class of the grandmaster", () =>
      Effect.gen(function*() {
        const { answerWhere, lab } = yield* makeNode
        const alone = yield* answerWhere("alone", ({ clockClass }) => clockClass !== undefined)
        assert.deepStrictEqual(alone.ports.map(({ number }) => number), [1, 2])
        assert.strictEqual(alone.clockClass, 248)
        yield* startPtp4l(lab, lab.grandmaster, "gm", "-i gm0 -i gm1 --priority1 10 --clockClass 6")
        const led = yield* answerWhere("led", ({ clockClass }) => clockClass === 6)
        // Free running, hence never SLAVE.
        assert.include(led.ports.map(({ state }) => state), "UNCALIBRATED")
        assert.strictEqual(led.ports.length, 2)
        // A socket file of the client would be left when it is killed.
        assert.deepStrictEqual(readdirSync(lab.directory).toSorted(), ["gm", "kubeconfig", "node"])
      }).pipe(Effect.scoped, live))

    it.live("asks no clock of the network, as pmc does when it isn't told otherwise (L-57 pmc asks the network)", () =>
      Effect.gen(function*() {
        const { answerWhere, lab } = yield* makeNode
        yield* startPtp4l(lab, lab.grandmaster, "gm", "-i gm0 -i gm1 --priority1 10 --clockClass 6")
        yield* answerWhere("led", ({ clockClass }) => clockClass === 6)
        for (let n = 0; n < 3; n++) yield* answerWhere("answers", () => true)
        assert.deepStrictEqual(managementSeenBy(lab, "gm"), [0, 0])
        pmc(lab, "node", "1", "GET DEFAULT_DATA_SET")
        assert.notDeepEqual(managementSeenBy(lab, "gm"), [0, 0])
      }).pipe(Effect.scoped, live))

    it.live("has no answer in another domain or transport, after 1 s", () =>
      Effect.gen(function*() {
        const { answer, ask, socket } = yield* makeNode
        for (const other of [{ ...socket, domainNumber: 24 }, { ...socket, transportSpecific: 1 }]) {
          const [took, answered] = yield* Effect.timed(ask(other))
          assert.deepStrictEqual(answered, Option.none())
          assert.isAtLeast(Duration.toMillis(took), 990)
        }
        assert.isDefined(yield* answer)
      }).pipe(Effect.scoped, live))

    it.live("has no answer once it is killed, or has ended by itself", () =>
      Effect.gen(function*() {
        const { answer, ask, lab, ptp4l, socket } = yield* makeNode
        yield* ptp4l.kill("SIGKILL")
        yield* ptp4l.exit
        assert.isTrue(existsSync(socket.path))
        assert.isUndefined(yield* answer)

        const second = { ...socket, path: `${lab.directory}/second` }
        const ending = yield* startPtp4l(lab, lab.node, "second", bothNics)
        yield* eventually("second answers", Effect.map(ask(second), Option.getOrUndefined))
        yield* ending.kill("SIGTERM")
        yield* ending.exit
        assert.isFalse(existsSync(second.path))
        assert.deepStrictEqual(yield* ask(second), Option.none())
      }).pipe(Effect.scoped, live))

    it.live("has no answer while it is stopped, without being held up, and one again when it goes on", () =>
      Effect.gen(function*() {
        const { answer, answerWhere, ptp4l } = yield* makeNode
        yield* ptp4l.kill("SIGSTOP")
        for (let n = 0; n < 6; n++) {
          const [took, stopped] = yield* Effect.timed(answer)
          assert.isUndefined(stopped)
          assert.isBelow(Duration.toMillis(took), 3_000)
        }
        yield* ptp4l.kill("SIGCONT")
        yield* answerWhere("goes on", () => true)
      }).pipe(Effect.scoped, live))

    it.live("has no answer when another ptp4l has taken its path, although that one answers", () =>
      Effect.gen(function*() {
        const { answer, lab, ptp4l, socket } = yield* makeNode
        const thief = yield* startPtp4l(lab, lab.node, "node", "-i nic1 --clockClass 7")
        yield* eventually(
          "the thief answers",
          Effect.map(askAfresh(socket), (found) => Option.getOrUndefined(found)?.clockClass === 7 ? true : undefined)
        )
        assert.isUndefined(yield* answer)
        yield* thief.kill("SIGKILL")
        yield* thief.exit
        assert.isUndefined(yield* answer)
        // The first lives on all the while.
        assert.strictEqual(process.kill(ptp4l.pid, 0), true)
      }).pipe(Effect.scoped, live))
  }
)
