import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { mkdirSync, readdirSync, renameSync, unlinkSync, writeFileSync } from "node:fs"
import * as ManagementSocketClient from "../../../src/layers/linuxptp/ManagementSocketClient.ts"
import * as Libc from "../../../src/layers/native/Libc.ts"
import { ManagementClient } from "../../../src/services/linuxptp/ManagementClient.ts"
import { answersTo, listenAt, temporaryDirectory } from "./ScriptedPtp4l.ts"

const LISTENING = 4
const SLAVE = 9

const socketAt = (path: string) => ({ path, domainNumber: 24, transportSpecific: 1 })

type Server = Effect.Success<ReturnType<typeof listenAt>>

const askAt = Effect.fnUntraced(function*(path: string) {
  const { ask } = yield* ManagementClient
  // The questions are sent before this returns; the answers are looked for as the test's clock goes on.
  return yield* Effect.forkChild(ask(socketAt(path)), { startImmediately: true })
})

const answer = (server: Server, states: ReadonlyArray<number>) => {
  for (const question of server.questions()) {
    for (const bytes of answersTo(question, states)) server.send(question, bytes)
  }
}

/** Asks, has the server answer in full, and gives what came of it. */
const exchange = Effect.fnUntraced(function*(path: string, server: Server, states: ReadonlyArray<number>) {
  const asked = yield* askAt(path)
  answer(server, states)
  yield* TestClock.adjust("1 milli")
  return yield* Fiber.join(asked)
})

/** Needs no clock: where there is nobody to ask, it is over at once. */
const askInVain = Effect.fnUntraced(function*(path: string) {
  return yield* Fiber.join(yield* askAt(path))
})

const statesOf = (answered: Effect.Success<ReturnType<typeof exchange>>) =>
  Option.getOrUndefined(answered)?.ports.map(({ state }) => state)

const provide = Effect.provide(Layer.provide(ManagementSocketClient.layer, Libc.layer))

describe.skipIf(process.platform !== "linux")("ManagementSocketClient", () => {
  it.effect("is done with the last answer, and has every port and the clock class", () =>
    Effect.gen(function*() {
      assert.isTrue((yield* ManagementClient).isAvailable)
      const path = `${yield* temporaryDirectory}/s`
      const server = yield* listenAt(path)
      assert.deepStrictEqual(
        yield* exchange(path, server, [LISTENING, SLAVE]),
        Option.some({
          ports: [{ number: 1, state: "LISTENING" }, { number: 2, state: "SLAVE" }],
          clockClass: 6,
          grandmaster: { identity: "62bd56.fffe.1c046d" }
        })
      )
    }).pipe(provide))

  it.effect("asks three questions that carry domain and transport, and leaves nothing in the directory", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      const server = yield* listenAt(`${directory}/s`)
      yield* askAt(`${directory}/s`)
      const questions = server.questions().map(({ message }) => message)
      assert.deepStrictEqual(questions.map(({ id }) => id), [0x2000, 0x2002, 0x2004])
      assert.isTrue(
        questions.every(({ action, domainNumber, transportSpecific }) =>
          action === "GET" && domainNumber === 24 && transportSpecific === 1
        )
      )
      assert.deepStrictEqual(readdirSync(directory), ["s"])
    }).pipe(provide))

  it.effect("gives up on silence after 1 s, not before", () =>
    Effect.gen(function*() {
      const path = `${yield* temporaryDirectory}/s`
      const server = yield* listenAt(path)
      const asked = yield* askAt(path)
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(asked.pollUnsafe())
      yield* TestClock.adjust("1 milli")
      assert.deepStrictEqual(yield* Fiber.join(asked), Option.none())
      assert.strictEqual(server.questions().length, 3)
    }).pipe(provide))

  it.effect("gives what it has after 1 s when a port has not answered", () =>
    Effect.gen(function*() {
      const path = `${yield* temporaryDirectory}/s`
      const server = yield* listenAt(path)
      const asked = yield* askAt(path)
      for (const question of server.questions()) {
        for (const bytes of answersTo(question, [SLAVE, LISTENING]).slice(0, 1)) server.send(question, bytes)
      }
      yield* TestClock.adjust("1 second")
      const ports = [{ number: 1, state: "SLAVE" as const }]
      assert.deepStrictEqual(
        yield* Fiber.join(asked),
        Option.some({ ports, clockClass: 6, grandmaster: { identity: "62bd56.fffe.1c046d" } })
      )
    }).pipe(provide))

  it.effect("hears neither garbage, nor answers to another's questions, nor anybody else than whom it asks", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      const server = yield* listenAt(`${directory}/s`)
      const stranger = yield* listenAt(`${directory}/stranger`)
      const asked = yield* askAt(`${directory}/s`)
      for (const question of server.questions()) {
        const { message } = question
        const ofAnother = { ...message, source: { ...message.source, portNumber: message.source.portNumber ^ 1 } }
        const late = { ...message, sequenceId: message.sequenceId + 1 }
        assert.isTrue(server.send(question, Uint8Array.from([0x0d, 0x02])))
        for (const wrong of [ofAnother, late]) {
          for (const bytes of answersTo({ ...question, message: wrong }, [SLAVE])) server.send(question, bytes)
        }
        assert.isFalse(answersTo(question, [SLAVE]).some((bytes) => stranger.send(question, bytes)))
      }
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(asked), Option.none())
    }).pipe(provide))

  it.effect("has nobody to ask where nothing is, a file is, the socket is dead, or the path is too long", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      writeFileSync(`${directory}/file`, "")
      yield* Effect.scoped(listenAt(`${directory}/dead`))
      const long = `${directory}/${"d".repeat(90)}`
      mkdirSync(long)
      for (const path of [`${directory}/none`, `${directory}/no/s`, `${directory}/file`, `${directory}/dead`, long]) {
        assert.deepStrictEqual(yield* askInVain(path), Option.none(), path)
      }
    }).pipe(provide))

  it.effect("is not held up by a ptp4l that no longer empties its queue", () =>
    Effect.gen(function*() {
      const path = `${yield* temporaryDirectory}/s`
      yield* listenAt(path)
      let asked = 0
      // net.unix.max_dgram_qlen is 10 by default and 512 on some distributions.
      while (asked < 1_000) {
        const fiber = yield* askAt(path)
        yield* Effect.yieldNow
        if (fiber.pollUnsafe() !== undefined) break
        yield* Fiber.interrupt(fiber)
        asked += 1
      }
      assert.isBelow(asked, 1_000)
    }).pipe(provide))
})

describe.skipIf(process.platform !== "linux")("a path that another process has taken", () => {
  const taken = Effect.fnUntraced(function*(path: string) {
    const server = yield* listenAt(path)
    assert.deepStrictEqual(statesOf(yield* exchange(path, server, [SLAVE])), ["SLAVE"])
    unlinkSync(path)
    return yield* listenAt(path)
  })

  it.effect("is not asked again, not even when its first socket is closed", () =>
    Effect.gen(function*() {
      const path = `${yield* temporaryDirectory}/s`
      const thief = yield* taken(path)
      assert.deepStrictEqual(yield* askInVain(path), Option.none())
      assert.deepStrictEqual(thief.questions(), [])
      unlinkSync(path)
      assert.deepStrictEqual(yield* askInVain(path), Option.none())
      yield* listenAt(path)
      assert.deepStrictEqual(yield* askInVain(path), Option.none())
    }).pipe(provide))

  it.effect("has no answer when it is taken while it is asked", () =>
    Effect.gen(function*() {
      const path = `${yield* temporaryDirectory}/s`
      const server = yield* listenAt(path)
      const asked = yield* askAt(path)
      answer(server, [SLAVE])
      unlinkSync(path)
      yield* listenAt(path)
      yield* TestClock.adjust("1 milli")
      assert.deepStrictEqual(yield* Fiber.join(asked), Option.none())
    }).pipe(provide))

  it.effect("is asked again in a new directory of the same name: that is a new run", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      const run = `${directory}/ptp4l-a-00000000`
      const path = `${run}/s`
      mkdirSync(run)
      yield* taken(path)
      // Moved and not removed: a file system may give the number of what it removed within this tick of its clock.
      renameSync(run, `${run}.old`)
      mkdirSync(run)
      const successor = yield* listenAt(path)
      assert.deepStrictEqual(statesOf(yield* exchange(path, successor, [LISTENING])), ["LISTENING"])
      renameSync(path, `${path}.away`)
      yield* listenAt(path)
      assert.deepStrictEqual(yield* askInVain(path), Option.none())
    }).pipe(provide))

  it.effect("does not stand for another path in the same directory", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      yield* taken(`${directory}/s`)
      const other = yield* listenAt(`${directory}/other`)
      assert.deepStrictEqual(statesOf(yield* exchange(`${directory}/other`, other, [SLAVE])), ["SLAVE"])
    }).pipe(provide))
})
