import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { readAnswers } from "../../../src/services/linuxptp/ManagementAnswers.ts"
import { decode } from "../../../src/services/linuxptp/ManagementMessage.ts"
import { answersOf3_1_1 } from "./RecordedAnswers.ts"

const messages = answersOf3_1_1.flatMap((bytes) => decode(bytes) ?? [])
const listening = (number: number) => ({ number, state: "LISTENING" } as const)
/** Recorded where nobody else was heard. */
const local = { identity: undefined }
const answersAt = (...indexes: ReadonlyArray<number>) => readAnswers(indexes.flatMap((index) => messages[index] ?? []))

describe("answers so far", () => {
  it("are none and not all when nobody has said anything", () =>
    assert.deepStrictEqual(readAnswers([]), { answer: undefined, isComplete: false }))

  it("are all when every port and the clock class have been told", () =>
    assert.deepStrictEqual(answersAt(0, 1, 2, 3), {
      answer: { ports: [listening(1), listening(2)], clockClass: 248, grandmaster: local },
      isComplete: true
    }))

  it("lack a port or the clock class that has not been told", () => {
    assert.deepStrictEqual(answersAt(0, 1, 3), {
      answer: { ports: [listening(2)], clockClass: 248, grandmaster: local },
      isComplete: false
    })
    assert.deepStrictEqual(answersAt(0, 2, 3), {
      answer: { ports: [listening(1), listening(2)], clockClass: undefined },
      isComplete: false
    })
  })

  it("wait on when it is not known how many ports there are", () => assert.isFalse(answersAt(1, 2, 3).isComplete))

  it("count a port once, however often it answers", () => assert.isFalse(answersAt(0, 1, 2, 2).isComplete))

  it("do not depend on their order", () => {
    fc.assert(fc.property(fc.shuffledSubarray(messages, { minLength: messages.length }), (shuffled) => {
      assert.deepStrictEqual(readAnswers(shuffled), readAnswers(messages))
    }))
  })
})
