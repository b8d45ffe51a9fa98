/**
 * ManagementClient over UNIX datagrams, with no pmc spawned: a question takes microseconds, the program milliseconds,
 * and leaves no socket behind when it is killed. The daemon uses it. One socket a question, so no answer can be late.
 */
import { Effect, Layer, Option } from "effect"
import { readAnswers } from "../../services/linuxptp/ManagementAnswers.ts"
import { type ManagementAnswer, ManagementClient } from "../../services/linuxptp/ManagementClient.ts"
import * as ManagementMessage from "../../services/linuxptp/ManagementMessage.ts"
import type { ManagementSocket } from "../../services/processes/ProcessSpec.ts"
import { Libc } from "../native/Libc.ts"
import * as UnixDatagram from "../native/UnixDatagram.ts"
import * as SocketHolders from "./SocketHolders.ts"

/** Made up and locally administered, as pmc's; the pid tells one asker from another. */
const source: ManagementMessage.PortIdentity = {
  clockIdentity: 0x02ff_feff_fe70_7470n,
  portNumber: process.pid & 0xffff
}

const patienceMillis = 1_000
/** ptp4l answers in a fraction of a millisecond; a busy one is looked at less and less often. */
const firstStepMillis = 1
const longestStepMillis = 50
/** More than these at one look are left for the next, so that a flood can't hold the event loop. */
const datagramsPerLook = 256
/** As linuxptp's own buffer (msg.h, struct message_data). */
const datagramSize = 1_500

/** Never fails: where native calls are not to be had, it says so once and `isAvailable` is false. */
export const layer: Layer.Layer<ManagementClient, never, Libc> = Layer.effect(
  ManagementClient,
  Effect.gen(function*() {
    // A seccomp profile that forbids such a socket shall be told now, and not look like a dead ptp4l later.
    yield* Effect.scoped(UnixDatagram.openAnswerable)
    const ask = makeAsk()
    const libc = yield* Libc
    return ManagementClient.of({
      isAvailable: true,
      ask: (socket) => Effect.provideService(ask(socket), Libc, libc)
    })
  }).pipe(
    Effect.catch((error) =>
      Effect.logWarning("cannot ask ptp4l on its management socket; its log alone says how it is").pipe(
        Effect.annotateLogs({ reason: error.message }),
        Effect.as(ManagementClient.of({ isAvailable: false, ask: () => Effect.succeedNone }))
      )
    )
  )
)

const makeAsk = () => {
  const holders = SocketHolders.make()
  return (socket: ManagementSocket) =>
    Effect.suspend(() => {
      const holder = holders.look(socket.path)
      if (holder === undefined) return Effect.succeedNone
      return Effect.map(question(socket), Option.filter(() => holder.confirm()))
    }).pipe(
      Effect.scoped,
      // No descriptors left: as good as no answer, and whatever took them all says more.
      Effect.catch((error) =>
        Effect.logWarning("cannot open a socket to ask ptp4l").pipe(
          Effect.annotateLogs({ reason: error.message }),
          Effect.andThen(Effect.succeedNone)
        )
      )
    )
}

const question = Effect.fnUntraced(function*(socket: ManagementSocket) {
  const { connect, receive, send } = yield* UnixDatagram.openAnswerable
  if (connect(socket.path) !== undefined) return Option.none<ManagementAnswer>()
  // A queue that is full of questions belongs to one who does not answer.
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

/** One GET for each data set; its id serves as the number of the question. */
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
