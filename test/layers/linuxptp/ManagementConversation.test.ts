/** What is heard from a ptp4l that is followed: wake-ups come from the kernel, pauses from the test's clock. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, Queue } from "effect"
import { TestClock } from "effect/testing"
import { unlinkSync } from "node:fs"
import * as ManagementSocketClient from "../../../src/layers/linuxptp/ManagementSocketClient.ts"
import * as Libc from "../../../src/layers/native/Libc.ts"
import { ManagementClient, type ManagementNews } from "../../../src/services/linuxptp/ManagementClient.ts"
import * as ManagementMessage from "../../../src/services/linuxptp/ManagementMessage.ts"
import { answersTo, listenAt, type Question, temporaryDirectory } from "./ScriptedPtp4l.ts"

const LISTENING = 4
const SLAVE = 9
const { currentDataSet, parentDataSet, portDataSet, subscribeEventsNp, timeStatusNp } = ManagementMessage.managementId
const everything = [subscribeEventsNp, portDataSet, currentDataSet, parentDataSet, timeStatusNp]

const provide = Effect.provide(Layer.provide(ManagementSocketClient.layer, Libc.layer))

/** A ptp4l in the test's hand, and what is heard of it. */
const follow = Effect.gen(function*() {
  const path = `${yield* temporaryDirectory}/s`
  const server = yield* listenAt(path)
  const socket = { path, domainNumber: 0, transportSpecific: 0 }
  const client = yield* ManagementClient
  const heard = yield* Queue.unbounded<ManagementNews>()
  const fiber = yield* Effect.forkScoped(
    client.follow(socket, (news) => void Queue.offerUnsafe(heard, news)),
    { startImmediately: true }
  )
  yield* Effect.yieldNow
  let newest: Question | undefined
  /** The data sets that are asked for now. */
  const asked = () => {
    const questions = server.questions()
    newest = questions.at(-1) ?? newest
    return questions.map(({ message }) => message.id)
  }
  /** Sends what `questions` ask for, or what was subscribed to. */
  const send = (id: number, state: number, sequenceId = id) => {
    if (newest === undefined) throw new Error("nobody has asked")
    const question = { ...newest, message: { ...newest.message, id, sequenceId } }
    for (const bytes of answersTo(question, [state])) server.send(newest, bytes)
  }
  return { asked, send, heard, fiber, path, ask: client.ask(socket) }
})

const statesIn = (news: ManagementNews) => news.kind === "told" ? news.answer.ports.map(({ state }) => state) : []

describe.skipIf(process.platform !== "linux")("a ptp4l that is followed", () => {
  it.effect("is asked for everything at once, and again after 5 s while no port follows", () =>
    Effect.gen(function*() {
      const { asked, heard, send } = yield* follow
      assert.deepStrictEqual(asked(), everything)
      send(portDataSet, LISTENING)
      assert.deepStrictEqual(statesIn(yield* Queue.take(heard)), ["LISTENING"])
      yield* TestClock.adjust("750 millis")
      yield* TestClock.adjust("4249 millis")
      assert.deepStrictEqual(asked(), [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(asked(), everything)
    }).pipe(Effect.scoped, provide))

  it.effect("tells of a change by itself, and is asked what changed with it and then once a second", () =>
    Effect.gen(function*() {
      const { asked, heard, send } = yield* follow
      asked()
      send(portDataSet, LISTENING)
      yield* Queue.take(heard)
      yield* TestClock.adjust("750 millis")
      send(portDataSet, SLAVE, 0)
      assert.deepStrictEqual(statesIn(yield* Queue.take(heard)), ["SLAVE"])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(asked(), [parentDataSet, timeStatusNp, ...everything])
      send(timeStatusNp, SLAVE)
      yield* Queue.take(heard)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(asked(), [timeStatusNp])
    }).pipe(Effect.scoped, provide))

  it.effect("is not asked for samples that it tells by itself, unless there are more than two a second", () =>
    Effect.gen(function*() {
      const { asked, heard, send } = yield* follow
      asked()
      send(portDataSet, SLAVE)
      send(timeStatusNp, SLAVE, 0)
      yield* Queue.take(heard)
      yield* TestClock.adjust("750 millis")
      yield* TestClock.adjust("4249 millis")
      assert.deepStrictEqual(asked(), [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(asked(), everything)
      for (let count = 1; count <= 11; count++) send(timeStatusNp, SLAVE, count)
      yield* Queue.take(heard)
      yield* TestClock.adjust("750 millis")
      yield* TestClock.adjust("4250 millis")
      assert.deepStrictEqual(asked(), everything)
      send(timeStatusNp, SLAVE)
      yield* Queue.take(heard)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(asked(), [timeStatusNp])
    }).pipe(Effect.scoped, provide))

  it.effect("is silent when two questions have not been answered, and its queue is left to others then", () =>
    Effect.gen(function*() {
      const { ask, asked, heard, send } = yield* follow
      asked()
      send(portDataSet, SLAVE)
      yield* Queue.take(heard)
      assert.isTrue(Option.isSome(yield* ask))
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(yield* Queue.take(heard), { kind: "silent", askedAt: 750_000_000n })
      assert.deepStrictEqual(yield* ask, Option.none())
      yield* TestClock.adjust("27 seconds")
      assert.deepStrictEqual(asked(), [...everything, portDataSet])
      yield* TestClock.adjust("4 seconds")
      assert.deepStrictEqual(asked(), [portDataSet])
      yield* Queue.takeAll(heard)
      send(portDataSet, SLAVE)
      assert.deepStrictEqual(statesIn(yield* Queue.take(heard)), ["SLAVE"])
      assert.isTrue(Option.isSome(yield* ask))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(asked(), everything)
    }).pipe(Effect.scoped, provide))

  it.effect("is the one that held the socket first, whoever takes the path", () =>
    Effect.gen(function*() {
      const { ask, asked, heard, path, send } = yield* follow
      asked()
      send(portDataSet, SLAVE)
      yield* Queue.take(heard)
      unlinkSync(path)
      const thief = yield* listenAt(path)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(asked(), everything)
      assert.deepStrictEqual(thief.questions(), [])
      send(portDataSet, LISTENING, 1)
      assert.deepStrictEqual(statesIn(yield* Queue.take(heard)), ["LISTENING"])
      // Whoever asks at the path, as phc2sys does, would reach the thief.
      assert.deepStrictEqual(yield* ask, Option.none())
    }).pipe(Effect.scoped, provide))

  it.effect("leaves no socket open when nobody listens any more", () =>
    Effect.gen(function*() {
      const { asked, fiber, send } = yield* follow
      asked()
      yield* Fiber.interrupt(fiber)
      send(portDataSet, SLAVE)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(asked(), [])
    }).pipe(Effect.scoped, provide))
})
