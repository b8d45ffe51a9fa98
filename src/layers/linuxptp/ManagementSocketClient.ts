/**
 * Asks ptp4l on its management socket by UNIX datagrams. It does not start the program pmc: a question takes
 * microseconds, a program milliseconds, and a killed pmc leaves a socket behind. The daemon uses this layer. Each
 * question has a socket of its own, so no answer of an earlier question can arrive.
 */
import { Effect, Layer, Option } from "effect"
import { readAnswers } from "../../services/linuxptp/ManagementAnswers.ts"
import { type ManagementAnswer, ManagementClient } from "../../services/linuxptp/ManagementClient.ts"
import * as ManagementMessage from "../../services/linuxptp/ManagementMessage.ts"
import type { ManagementSocket } from "../../services/processes/ProcessSpec.ts"
import { Libc } from "../native/Libc.ts"
import * as UnixDatagram from "../native/UnixDatagram.ts"
import * as SocketHolders from "./SocketHolders.ts"

/** A made-up, locally administered identity, as pmc uses it. The pid distinguishes one asking program from another. */
const source: ManagementMessage.PortIdentity = {
  clockIdentity: 0x02ff_feff_fe70_7470n,
  portNumber: process.pid & 0xffff
}

const patienceMillis = 1_000
/** ptp4l answers within a fraction of a millisecond. If it is busy, the pauses between two looks become longer. */
const firstStepMillis = 1
const longestStepMillis = 50
/** Further datagrams wait for the next look, so that a flood of them cannot block the event loop. */
const datagramsPerLook = 256
/** The same size as linuxptp's own buffer (msg.h, struct message_data). */
const datagramSize = 1_500

/** Never fails. Without native calls it logs that once, and `isAvailable` is false. */
export const layer: Layer.Layer<ManagementClient, never, Libc> = Layer.effect(
  ManagementClient,
  Effect.gen(function*() {
    // A seccomp profile may forbid such a socket. That is reported now, so that it does not look like a dead ptp4l
    // later.
    yield* Effect.scoped(UnixDatagram.openAnswerable)
    const { ask, isReachable } = makeAsk()
    const libc = yield* Libc
    return ManagementClient.of({
      isAvailable: true,
      ask: (socket) => Effect.provideService(ask(socket), Libc, libc),
      isReachable
    })
  }).pipe(
    Effect.catch((error) =>
      Effect.logWarning("cannot ask ptp4l on its management socket; its log alone says how it is").pipe(
        Effect.annotateLogs({ reason: error.message }),
        Effect.as(unavailable)
      )
    )
  )
)

const unavailable = ManagementClient.of({
  isAvailable: false,
  ask: () => Effect.succeedNone,
  isReachable: () => Effect.succeed(false)
})

const makeAsk = () => {
  const holders = SocketHolders.make()
  const ask = (socket: ManagementSocket) =>
    Effect.suspend(() => {
      const holder = holders.look(socket.path)
      if (holder === undefined) return Effect.succeedNone
      return Effect.map(question(socket), Option.filter(() => holder.confirm()))
    }).pipe(
      Effect.scoped,
      // No file descriptors are left. That counts as no answer; whatever used them up causes messages of its own.
      Effect.catch((error) =>
        Effect.logWarning("cannot open a socket to ask ptp4l").pipe(
          Effect.annotateLogs({ reason: error.message }),
          Effect.andThen(Effect.succeedNone)
        )
      )
    )
  const isReachable = ({ path }: ManagementSocket) => Effect.sync(() => holders.look(path) !== undefined)
  return { ask, isReachable }
}

const question = Effect.fnUntraced(function*(socket: ManagementSocket) {
  const { connect, receive, send } = yield* UnixDatagram.openAnswerable
  if (connect(socket.path) !== undefined) return Option.none<ManagementAnswer>()
  // If the queue is full of questions, its owner does not read them.
  if (!questionsOf(socket).every(send)) return Option.none<ManagementAnswer>()
  const messages: Array<ManagementMessage.ManagementMessage> = []
  const buffer = Buffer.alloc(datagramSize)
  for (let waited = 0; waited < patienceMillis;) {
    const step = Math.min(Math.max(waited, firstStepMillis), longestStepMillis, patienceMillis - waited)
    yield* Effect.sleep(step)
    waited += step
    const before = messages.length
    for (let n = 0; n < datagramsPerLook; n++) {
      const datagram = receive(buffer)
      if (datagram === undefined) break
      const message = ManagementMessage.decode(datagram)
      if (message !== undefined && isAnswer(message)) messages.push(message)
    }
    if (messages.length > before && readAnswers(messages).isComplete) break
  }
  return Option.fromUndefinedOr(readAnswers(messages).answer)
})

/** One GET for each data set. The id of the data set is also the number of the question. */
const questionsOf = ({ domainNumber, transportSpecific }: ManagementSocket): ReadonlyArray<Uint8Array> =>
  Object.values(ManagementMessage.managementId).map((id) =>
    ManagementMessage.encode({
      action: "GET",
      id,
      sequenceId: id,
      domainNumber,
      transportSpecific,
      source,
      target: ManagementMessage.everyPort,
      data: new Uint8Array()
    })
  )

const isAnswer = ({ action, id, sequenceId, target }: ManagementMessage.ManagementMessage): boolean =>
  action === "RESPONSE" && id === sequenceId && target.portNumber === source.portNumber &&
  target.clockIdentity === source.clockIdentity
