import { assert, describe, it } from "@effect/vitest"
import {
  afterEvent,
  afterList,
  asPlainWatch,
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
const listing = beginList(known, "10")
const [taken] = asPlainWatch(after(listing, event("ADDED", "a", "12")))

describe("a streaming list", () => {
  it("is complete at its end, and tells of deletions by what is not in it", () => {
    assert.deepStrictEqual(namesOf(after(listing, event("ADDED", "a", "12"))), ["a", "b"])
    const whole = after(listing, event("ADDED", "a", "12"), endOfList("12"))
    assert.deepStrictEqual([namesOf(whole), whole.resourceVersion], [["a"], "12"])
  })

  it("is told also when it is the set that was told last, for whoever knows of a write in between", () => {
    assert.strictEqual(afterList(known, [...known.objects], "15")[1]?.type, "LISTED")
  })

  it("that pauses, and was taken for a plain watch, is a list all the same when its end comes", () => {
    assert.deepStrictEqual(namesOf(taken), ["a", "b"])
    const whole = after(taken, event("ADDED", "c", "7"), endOfList("12"))
    assert.deepStrictEqual([namesOf(whole), whole.resourceVersion], [["a", "c"], "12"])
    assert.strictEqual(after(whole, bookmark("20")).resourceVersion, "20")
  })

  it("that pauses may have changes of the same moment before its end", () => {
    const whole = after(taken, event("MODIFIED", "a", "13"), event("ADDED", "c", "7"), endOfList("13"))
    assert.deepStrictEqual([namesOf(whole), whole.resourceVersion], [["a", "c"], "13"])
    assert.strictEqual(whole.objects[0]?.metadata.resourceVersion, "13")
  })

  it("that breaks off after a pause is not resumed behind a deletion", () => {
    assert.strictEqual(taken.resourceVersion, "10")
    assert.strictEqual(after(taken, event("ADDED", "c", "13")).resourceVersion, "10")
  })
})

describe("a plain watch in place of a streaming list", () => {
  it("is one from its first bookmark on, and its events count before that", () => {
    const before = after(taken, event("DELETED", "b", "14"))
    assert.deepStrictEqual([namesOf(before), before.resourceVersion], [["a"], "10"])
    const plain = after(before, bookmark("14"))
    assert.deepStrictEqual([namesOf(plain), plain.resourceVersion], [["a"], "14"])
    assert.strictEqual(after(plain, event("ADDED", "c", "15")).resourceVersion, "15")
  })
})
