/**
 * Asks ptp4l on its management socket by UNIX datagrams. It does not start the program pmc: a question takes
 * microseconds, a program milliseconds, and a killed pmc leaves a socket behind. The daemon uses this layer. A single
 * question has a socket of its own, so no answer of an earlier question can arrive; a ptp4l that is followed has one for
 * as long as it is followed (ManagementConversation), and whoever asks then gets what was said there.
 */
import { Effect, Layer, Option } from "effect"
import { readAnswers } from "../../services/linuxptp/ManagementAnswers.ts"
import {
  type ManagementAnswer,
  ManagementClient,
  type ManagementNews
} from "../../services/linuxptp/ManagementClient.ts"
import { managementId, type ManagementMessage } from "../../services/linuxptp/ManagementMessage.ts"
import type { ManagementSocket } from "../../services/processes/ProcessSpec.ts"
import { Libc } from "../native/Libc.ts"
import * as UnixDatagram from "../native/UnixDatagram.ts"
import { type Conversation, makeConversation } from "./ManagementConversation.ts"
import { messageTo, receiveAll } from "./ManagementDatagrams.ts"
import * as SocketHolders from "./SocketHolders.ts"

const patienceMillis = 1_000
/** ptp4l answers within a fraction of a millisecond. If it is busy, the pauses between two looks become longer. */
const firstStepMillis = 1
const longestStepMillis = 50
/** Before a ptp4l that is gone, or not there yet, is looked for again. */
const reconnectMillis = 1_000
/** The data sets of a single question. */
const asked = [managementId.defaultDataSet, managementId.parentDataSet, managementId.portDataSet]

/** Never fails. Without native calls it logs that once, and `isAvailable` is false. */
export const layer: Layer.Layer<ManagementClient, never, Libc> = Layer.effect(
  ManagementClient,
  Effect.gen(function*() {
    // A seccomp profile may forbid such a socket. That is reported now, so that it does not look like a dead ptp4l
    // later.
    yield* Effect.scoped(UnixDatagram.openAnswerable)
    const { ask, follow, isReachable } = makeClient()
    const libc = yield* Libc
    return ManagementClient.of({
      isAvailable: true,
      ask: (socket) => Effect.provideService(ask(socket), Libc, libc),
      follow: (socket, tell) => Effect.provideService(follow(socket, tell), Libc, libc),
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
  follow: () => Effect.never,
  isReachable: () => Effect.succeed(false)
})

const makeClient = () => {
  const holders = SocketHolders.make()
  /** By path. */
  const conversations = new Map<string, Conversation>()

  const ask = (socket: ManagementSocket) =>
    Effect.suspend(() => {
      const holder = holders.look(socket.path)
      if (holder === undefined) return Effect.succeedNone
      const said = conversations.get(socket.path)?.latest()
      if (said !== undefined) return Effect.succeed(said === "silent" ? Option.none() : Option.some(said))
      return Effect.map(question(socket), Option.filter(() => holder.confirm()))
    }).pipe(Effect.scoped, withoutSocket(Option.none<ManagementAnswer>()))

  /** One conversation, until the ptp4l that holds the socket now is gone. */
  const converse = Effect.fnUntraced(function*(socket: ManagementSocket, tell: (news: ManagementNews) => void) {
    const holder = holders.look(socket.path)
    if (holder === undefined) return
    const datagrams = yield* UnixDatagram.openAnswerable
    if (datagrams.connect(socket.path) !== undefined) return
    let isConfirmed = false
    const conversation = makeConversation(socket, datagrams, (news) => {
      if (!isConfirmed && news.kind === "told") isConfirmed = holder.confirm()
      tell(news)
    })
    yield* Effect.acquireRelease(
      Effect.sync(() => conversations.set(socket.path, conversation)),
      () =>
        Effect.sync(() => {
          if (conversations.get(socket.path) === conversation) conversations.delete(socket.path)
        })
    )
    yield* conversation.run
  })

  const follow = (socket: ManagementSocket, tell: (news: ManagementNews) => void) =>
    Effect.scoped(converse(socket, tell)).pipe(
      withoutSocket<void>(undefined),
      Effect.andThen(Effect.sleep(reconnectMillis)),
      Effect.forever
    )
  const isReachable = ({ path }: ManagementSocket) => Effect.sync(() => holders.look(path) !== undefined)
  return { ask, follow, isReachable }
}

/** No file descriptors are left. That counts as no answer; whatever used them up causes messages of its own. */
const withoutSocket = <B>(instead: B) => <A, R>(effect: Effect.Effect<A, { readonly message: string }, R>) =>
  effect.pipe(Effect.catch((error) =>
    Effect.logWarning("cannot open a socket to ask ptp4l").pipe(
      Effect.annotateLogs({ reason: error.message }),
      Effect.as(instead)
    )
  ))

const question = Effect.fnUntraced(function*(socket: ManagementSocket) {
  const datagrams = yield* UnixDatagram.openAnswerable
  if (datagrams.connect(socket.path) !== undefined) return Option.none<ManagementAnswer>()
  // If the queue is full of questions, its owner does not read them.
  if (!asked.every((id) => datagrams.send(messageTo(socket, "GET", id)))) return Option.none<ManagementAnswer>()
  const messages: Array<ManagementMessage> = []
  for (let waited = 0; waited < patienceMillis;) {
    const step = Math.min(Math.max(waited, firstStepMillis), longestStepMillis, patienceMillis - waited)
    yield* Effect.sleep(step)
    waited += step
    const before = messages.length
    messages.push(...receiveAll(datagrams).filter(({ id, sequenceId }) => id === sequenceId))
    if (messages.length > before && readAnswers(messages).isComplete) break
  }
  return Option.fromUndefinedOr(readAnswers(messages).answer)
})
