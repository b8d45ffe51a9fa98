/**
 * One socket on which the daemon follows one ptp4l: it asks, and it subscribes to what linuxptp reports by itself (port
 * states since 2.0, samples since 4.0, the parent data set since 4.2). The socket stays connected to the ptp4l that held
 * the path at first, so nobody else is ever heard on it. ManagementSocketClient opens it again for the next one.
 *
 * Samples come with each Sync, up to 128 a second. Beyond two a second they are asked for instead, once a second: that
 * costs less. It is also safer, because ptp4l's sockets block: a daemon that is stopped must not hold up a ptp4l that
 * fills its queue. For the same reason a subscription ends after a few seconds unless it is renewed.
 */
import { Clock, Duration, Effect, Latch, type Scope } from "effect"
import { readAnswers } from "../../services/linuxptp/ManagementAnswers.ts"
import type { ManagementAnswer, ManagementNews } from "../../services/linuxptp/ManagementClient.ts"
import { notifications, subscription } from "../../services/linuxptp/ManagementDataSet.ts"
import { managementId, type ManagementMessage } from "../../services/linuxptp/ManagementMessage.ts"
import { followsMaster, type PortState } from "../../services/linuxptp/PortState.ts"
import type { ManagementSocket } from "../../services/processes/ProcessSpec.ts"
import type { UnixDatagram } from "../native/UnixDatagram.ts"
import { messageTo, receiveAll } from "./ManagementDatagrams.ts"

/** Between two questions for a sample. */
const samplePeriodMillis = 1_000
/** Between two questions for everything. */
const roundPeriodMillis = 5_000
/** How long an answer may take. ptp4l needs a fraction of a millisecond, and more when it is busy. */
const patienceMillis = 750
/** Without wake-ups: pauses between two looks while an answer is awaited. */
const longestLookMillis = 50
const subscriptionSeconds = 10
/**
 * A ptp4l that hangs takes about ten datagrams (unix(7), max_dgram_qlen), and whoever sends one more waits for it: a
 * phc2sys for several ptp4l would hang too. It answers later what it has, so it is reminded once, and then seldom.
 */
const reminderPeriod = Duration.seconds(30)
const mostPushedSamples = 2 * roundPeriodMillis / 1_000

export interface Conversation {
  /** What ptp4l has said of itself; "silent" while it does not answer, undefined before either is known. */
  readonly latest: () => ManagementAnswer | "silent" | undefined
  /** Asks and listens until the ptp4l is gone. */
  readonly run: Effect.Effect<void, never, Scope.Scope>
}

interface Talk {
  readonly socket: ManagementSocket
  /** The question for a data set, which is the same each time. */
  readonly questions: (id: number) => Uint8Array
  /** Connected to the ptp4l. */
  readonly datagrams: UnixDatagram
  readonly tell: (news: ManagementNews) => void
  readonly ports: Map<number, PortState>
  /** Opened when a port begins to follow. */
  readonly followingBegins: Latch.Latch
  clockClass: number | undefined
  isSilent: boolean
  /** Counts what was heard, to know whether a question was answered. */
  heard: number
  /** Since the last round. */
  pushedSamples: number
  /** True once ptp4l reports its samples by itself. */
  isPushed: boolean
  /** True when samples come so often that it is better to ask for them. */
  isTooOften: boolean
}

/** A conversation over a connected socket. `tell` gets all that is heard. */
export const makeConversation = (
  socket: ManagementSocket,
  datagrams: UnixDatagram,
  tell: (news: ManagementNews) => void
): Conversation => {
  const talk: Talk = {
    socket,
    questions: memoize((id) => messageTo(socket, "GET", id)),
    datagrams,
    tell,
    ports: new Map(),
    followingBegins: Latch.makeUnsafe(false),
    clockClass: undefined,
    isSilent: false,
    heard: 0,
    pushedSamples: 0,
    isPushed: false,
    isTooOften: false
  }
  return { latest: () => latest(talk), run: keepAsking(talk) }
}

const memoize = (make: (id: number) => Uint8Array) => {
  const made = new Map<number, Uint8Array>()
  return (id: number) => {
    const bytes = made.get(id) ?? make(id)
    made.set(id, bytes)
    return bytes
  }
}

const latest = ({ clockClass, heard, isSilent, ports }: Talk): ManagementAnswer | "silent" | undefined => {
  if (isSilent) return "silent"
  return heard === 0 ? undefined : { ports: [...ports].map(([number, state]) => ({ number, state })), clockClass }
}

/** The errno of a full queue: its owner does not read it. */
const queueIsFull = "EAGAIN"

const keepAsking = Effect.fnUntraced(function*(talk: Talk) {
  const clock = yield* Clock.Clock
  let defect: unknown
  const listen = () => {
    try {
      hear(talk, clock.monotonicTimeNanosUnsafe())
    } catch (cause) {
      // Nobody is above the event loop's call. Thrown from there it would end the daemon.
      defect ??= cause
    }
  }
  const isWoken = yield* talk.datagrams.whenReadable(listen)
  let unansweredSince: bigint | undefined
  let remindAt = 0n
  const remind = (now: bigint) => {
    if (now < remindAt) return undefined
    remindAt = now + Duration.toNanosUnsafe(reminderPeriod)
    return ask(talk, [portDataSet])
  }
  for (let sinceRound = 0;;) {
    const askedAt = clock.monotonicTimeNanosUnsafe()
    const { heard } = talk
    const failure = unansweredSince !== undefined
      ? remind(askedAt)
      : sinceRound === 0 || !isWoken
      ? askEverything(talk)
      : ask(talk, [timeStatusNp])
    if (failure !== undefined && failure !== queueIsFull) break
    const needsSamples = !isWoken || mustAskForSamples(talk)
    const patience = needsSamples ? samplePeriodMillis : patienceMillis
    yield* isWoken ? Effect.sleep(patience) : lookFor(listen, patience)
    if (defect !== undefined) return yield* Effect.die(defect)
    if (talk.heard === heard) {
      // A single lost answer does not count.
      if (unansweredSince !== undefined) reportSilence(talk, unansweredSince)
      unansweredSince ??= askedAt
      sinceRound = 0
      continue
    }
    if (unansweredSince !== undefined) {
      // The subscription may have ended meanwhile.
      unansweredSince = undefined
      remindAt = 0n
      continue
    }
    sinceRound = needsSamples ? (sinceRound + samplePeriodMillis) % roundPeriodMillis : 0
    if (needsSamples) continue
    Latch.closeUnsafe(talk.followingBegins)
    if (mustAskForSamples(talk)) continue
    yield* Effect.raceFirst(Latch.await(talk.followingBegins), Effect.sleep(roundPeriodMillis - patienceMillis))
  }
  reportSilence(talk, clock.monotonicTimeNanosUnsafe())
})

const reportSilence = (talk: Talk, askedAt: bigint) => {
  talk.isSilent = true
  talk.tell({ kind: "silent", askedAt })
}

/** Looks for what has arrived for as long as an answer may take. */
const lookFor = Effect.fnUntraced(function*(listen: () => void, millis: number) {
  for (let waited = 0; waited < millis;) {
    const step = Math.min(Math.max(waited, 1), longestLookMillis, millis - waited)
    yield* Effect.sleep(step)
    waited += step
    listen()
  }
})

const isFollowing = ({ ports }: Talk): boolean => [...ports.values()].some(followsMaster)
const mustAskForSamples = (talk: Talk): boolean => isFollowing(talk) && !talk.isPushed

const { currentDataSet, parentDataSet, portDataSet, subscribeEventsNp, timeStatusNp } = managementId

/** Sends the questions; the name of the error if one cannot be sent. */
const ask = ({ datagrams, questions }: Talk, ids: ReadonlyArray<number>): string | undefined => {
  for (const id of ids) {
    const failure = datagrams.trySend(questions(id))
    if (failure !== undefined) return failure
  }
  return undefined
}

/** Asks for all that may have been missed, and renews the subscription. */
const askEverything = (talk: Talk): string | undefined => {
  if (talk.pushedSamples > mostPushedSamples) {
    talk.isTooOften = true
    talk.isPushed = false
  }
  talk.pushedSamples = 0
  const { parentDataSet: parent, portState, timeSync } = notifications
  const events = talk.isTooOften ? [portState, parent] : [portState, parent, timeSync]
  const subscribe = messageTo(talk.socket, "SET", subscribeEventsNp, subscription(events, subscriptionSeconds))
  return talk.datagrams.trySend(subscribe) ??
    ask(talk, [portDataSet, currentDataSet, parentDataSet, timeStatusNp])
}

/** Reads what has arrived, and asks for more if a port has changed its state. */
const hear = (talk: Talk, now: bigint) => {
  const messages = receiveAll(talk.datagrams)
  if (messages.length === 0) return
  const isFirst = talk.heard === 0
  const pushed = messages.filter(isPushedSample).length
  talk.heard += messages.length
  talk.isSilent = false
  talk.pushedSamples += pushed
  talk.isPushed ||= pushed > 0 && !talk.isTooOften
  const { answer } = readAnswers(messages)
  if (answer === undefined) return
  const wasFollowing = isFollowing(talk)
  const isChanged = answer.ports.some(({ number, state }) => talk.ports.get(number) !== state)
  for (const { number, state } of answer.ports) talk.ports.set(number, state)
  talk.clockClass = answer.clockClass ?? talk.clockClass
  talk.tell({ kind: "told", answer, heardAt: now })
  // Whatever changed the port may have changed the grandmaster too.
  if (isChanged && !isFirst) ask(talk, [parentDataSet, timeStatusNp])
  if (!wasFollowing && isFollowing(talk)) Latch.openUnsafe(talk.followingBegins)
}

/** ptp4l numbers its reports from 0, and an answer has the number of its question. */
const isPushedSample = ({ id, sequenceId }: ManagementMessage): boolean => id === timeStatusNp && sequenceId !== id
