import { assert, describe, it } from "@effect/vitest"
import {
  afterEvent,
  afterList,
  beginList,
  unlisted,
  type WatchProgress
} from "../../../../src/layers/kubernetes/watching/ChangedSet.ts"
import type { WatchEvent } from "../../../../src/layers/kubernetes/watching/WatchLine.ts"

const object = (name: string, resourceVersion: string) => ({ metadata: { name, uid: `uid-${name}`, resourceVersion } })
const event = (type: "ADDED" | "MODIFIED" | "DELETED", name: string, version: string): WatchEvent => ({
  type,
  object: object(name, version)
})
const bookmark = (resourceVersion: string): WatchEvent => ({
  type: "BOOKMARK",
  object: { metadata: { resourceVersion } }
})
const endOfList = (resourceVersion: string): WatchEvent => ({
  type: "BOOKMARK",
  object: { metadata: { resourceVersion, annotations: { "k8s.io/initial-events-end": "true" } } }
})

const after = (progress: WatchProgress, ...events: ReadonlyArray<WatchEvent>) =>
  events.reduce((known, next) => afterEvent(known, next)[0], progress)
const namesOf = ({ objects }: WatchProgress) => objects.map(({ metadata: { name } }) => name)

/** `a` and `b` are known; since version 10 `b` was deleted (at 11) and `a` changed (at 12). */
const [known] = afterList(unlisted, [object("a", "8"), object("b", "9")], "10")
const listing = beginList(known)

describe("a streaming list", () => {
  it("is complete at its end, and tells of deletions by what is not in it", () => {
    assert.deepStrictEqual(namesOf(after(listing, event("ADDED", "a", "12"))), ["a", "b"])
    const whole = after(listing, event("ADDED", "a", "12"), endOfList("12"))
    assert.deepStrictEqual([namesOf(whole), whole.resourceVersion], [["a"], "12"])
  })

  it("is told also when it is the set that was told last, for whoever knows of a write in between", () => {
    assert.strictEqual(afterList(known, [...known.objects], "15")[1]?.type, "LISTED")
  })

  it("may have changes of the same moment before its end", () => {
    const whole = after(listing, event("ADDED", "a", "12"), event("MODIFIED", "a", "13"), endOfList("13"))
    assert.deepStrictEqual([namesOf(whole), whole.resourceVersion], [["a"], "13"])
    assert.strictEqual(whole.objects[0]?.metadata.resourceVersion, "13")
  })

  it("has no version to resume from before its end, and goes on as a watch after it", () => {
    const half = after(listing, event("ADDED", "a", "12"), bookmark("13"))
    assert.deepStrictEqual([namesOf(half), half.resourceVersion], [["a", "b"], undefined])
    const whole = after(half, event("ADDED", "c", "7"), endOfList("13"), event("DELETED", "a", "14"), bookmark("20"))
    assert.deepStrictEqual([namesOf(whole), whole.resourceVersion], [["c"], "20"])
  })
})
