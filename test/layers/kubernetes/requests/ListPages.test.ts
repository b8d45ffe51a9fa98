import { assert, describe, it } from "@effect/vitest"
import { Effect, Ref, Stream } from "effect"
import type { ApiConnection, ClientRequest } from "../../../../src/layers/kubernetes/requests/ApiConnection.ts"
import { failureOfAnswer } from "../../../../src/layers/kubernetes/requests/ApiFailure.ts"
import { listPages } from "../../../../src/layers/kubernetes/requests/ListPages.ts"

/** A connection that answers each request by a function. */
const connectionOf = (text: ApiConnection["text"]): ApiConnection => ({
  text,
  open: () => Effect.succeed(Stream.never)
})
const request = { resource: "nodeptpcfgs", path: "/x", resourceVersion: "" } as const

/** One page, and a token for the next that has expired when it is used. */
const expiredAnswer = (asked: ClientRequest) =>
  asked.params?.["continue"] === undefined
    ? Effect.succeed(`{"metadata":{"resourceVersion":"7","continue":"next"},"items":[]}`)
    : Effect.fail(failureOfAnswer(asked, { status: 410, body: "", retryAfter: undefined }))

describe("listPages", () => {
  it.effect("takes null for an empty list, as Go renders one", () =>
    Effect.gen(function*() {
      const connection = connectionOf(() => Effect.succeed(`{"metadata":{"resourceVersion":"7"},"items":null}`))
      assert.deepStrictEqual(yield* listPages(connection, request), { objects: [], resourceVersion: "7" })
    }))

  it.effect("is Gone when the token of the next page has expired", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(listPages(connectionOf(expiredAnswer), request))).reason, "Gone")
    }))

  it.effect("gives up a server that repeats its token for ever, after 1,000 pages", () =>
    Effect.gen(function*() {
      const asked = yield* Ref.make(0)
      const page = `{"metadata":{"resourceVersion":"7","continue":"same"},"items":[]}`
      const connection = connectionOf(() => Effect.as(Ref.update(asked, (count) => count + 1), page))
      assert.strictEqual((yield* Effect.flip(listPages(connection, request))).reason, "Malformed")
      assert.strictEqual(yield* Ref.get(asked), 1_000)
    }))

  it.effect.each(["", "null", "<html>", `{"items":[]}`, `{"metadata":{"resourceVersion":"7"},"items":[{}]}`])(
    "is Malformed for the answer %s",
    (text) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(listPages(connectionOf(() => Effect.succeed(text)), request))
        assert.strictEqual(error.reason, "Malformed")
      })
  )
})
