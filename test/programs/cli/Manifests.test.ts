import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stdio, Stream } from "effect"
import * as fc from "fast-check"
import { ManifestUnreadable, readManifests } from "../../../src/programs/cli/Manifests.ts"
import { readManifestText } from "../../../src/programs/cli/ManifestText.ts"

const fixtures = `${import.meta.dirname}/../../fixtures/manifests`

const object = (name: string) => `apiVersion: ptp.openshift.io/v1\nkind: NodePTPCfg\nmetadata: {name: ${name}}\n`

const namesOf = (...files: ReadonlyArray<string>) =>
  readManifests(files).pipe(
    Effect.map(({ objects }) => objects.map(({ metadata }) => metadata.name)),
    Effect.provide(NodeServices.layer)
  )

describe("readManifestText", () => {
  it("finds nothing in an empty text, and in documents without content", () => {
    for (const text of ["", "\n", "# only a comment\n", "---\n---\n", "null"]) {
      assert.deepStrictEqual(readManifestText("f", text), { objects: [], problems: [] })
    }
  })

  it.each<readonly [string, string, string]>([
    ["text", "is not a resource: it is no map", "document 1"],
    ["[1]", "is not a resource: it is no map", "document 1"],
    ["{}", "is not a resource: it has no kind", "document 1"],
    ["a: 1\n---\nkind: A\n---\n7", "is not a resource: it is no map", "document 3"],
    ["kind: List\nitems: 7", "is a list whose items are no list", "document 1"],
    ["{\"kind\": \"List\", \"items\": [{}]}", "is not a resource: it has no kind", "document 1, items[0]"],
    ["Kind: NodePTPCfg", "is not a resource: it has no kind (did you mean kind by \"Kind\"?)", "document 1"],
    [
      "apiversion: ptp.openshift.io/v1\nkind: NodePTPCfg",
      "is a NodePTPCfg, but its apiVersion is not ptp.openshift.io/v1 (did you mean apiVersion by \"apiversion\"?)",
      "document 1"
    ],
    ["kind: NodePTPCfg", "is a NodePTPCfg, but its apiVersion is not ptp.openshift.io/v1", "document 1"],
    ["apiVersion: ptp.openshift.io/v1\nkind: NodePTPCfg", "is missing", "document 1, metadata"],
    ["apiVersion: ptp.openshift.io/v1\nkind: NodePTPCfg\nmetadata: {}", "is missing", "document 1, metadata.name"]
  ])("names the document that is no resource: %j", (text, message, path) => {
    assert.deepInclude(readManifestText("f.yaml", text).problems, {
      severity: "error",
      config: "f.yaml",
      path,
      message
    })
  })

  it("says where YAML does not parse, and reads the documents around it", () => {
    const { objects, problems } = readManifestText("f", `${object("a")}---\nx: 1\nx: 2\n---\n${object("b")}`)
    assert.deepStrictEqual(objects.map(({ metadata }) => metadata.name), ["a", "b"])
    assert.deepStrictEqual(problems.map(({ message, path }) => `${path}: ${message}`), [
      "document 2: Map keys must be unique at line 6, column 1"
    ])
  })

  it("does not unfold aliases without a bound", () => {
    const levels = [
      "a: &a [x, x, x, x, x, x, x, x]",
      "b: &b [*a, *a, *a, *a, *a, *a, *a]",
      "c: &c [*b, *b, *b, *b, *b, *b]"
    ]
    const { problems } = readManifestText("f", [...levels, "d: [*c, *c, *c, *c, *c, *c]", "kind: List"].join("\n"))
    assert.match(problems[0]?.message ?? "", /alias/)
  })

  it("never throws, whatever the text is", () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        "---\n",
        "kind: NodePTPCfg\n",
        "items:\n",
        "- ",
        "&a ",
        "*a",
        "{",
        "[",
        "\"",
        ": ",
        "!!binary x\n",
        "<<: *a\n"
      )
    )
    fc.assert(fc.property(fc.array(piece), (pieces) => {
      const { objects, problems } = readManifestText("f", pieces.join(""))
      assert.isAtLeast(objects.length + problems.length, 0)
      for (const problem of problems) assert.match(problem.path, /^document \d+/)
    }))
  })
})

describe("readManifests", () => {
  it.effect("reads the manifests of a folder in the order of their names, without its sub-folders", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* namesOf(`${fixtures}/folder`), ["first", "second", "from-json"])
    }))

  it.effect("reads several files, each as often as it is named", () =>
    Effect.gen(function*() {
      const file = `${fixtures}/boundary-clock.yaml`
      assert.deepStrictEqual(yield* namesOf(file, `${fixtures}/folder/10-two.yml`, file), [
        "boundary-clock",
        "first",
        "second",
        "boundary-clock"
      ])
    }))

  it.effect("reads - from standard input", () =>
    Effect.gen(function*() {
      const chunks = ["apiVersion: ptp.openshift.io/v1\nkind: Node", "PTPCfg\nmetadata: {name: piped}\n"]
      const stdin = Stream.fromIterable(chunks.map((chunk) => new TextEncoder().encode(chunk)))
      const { objects } = yield* readManifests(["-"]).pipe(
        Effect.provide(Layer.mergeAll(NodeServices.layer, Stdio.layerTest({ stdin })))
      )
      assert.deepStrictEqual(objects.map(({ metadata }) => metadata.name), ["piped"])
    }))

  it.effect("reports every document that is no resource, by file and place", () =>
    Effect.gen(function*() {
      const file = `${fixtures}/mistakes.yaml`
      const { objects, problems } = yield* readManifests([file]).pipe(Effect.provide(NodeServices.layer))
      assert.deepStrictEqual(objects.map(({ metadata }) => metadata.name), ["readable"])
      assert.deepStrictEqual(problems.map(({ config, path }) => `${config === file} ${path}`), [
        "true document 1",
        "true document 2",
        "true document 3",
        "true document 5",
        "true document 6",
        "true document 7, metadata.name"
      ])
    }))

  it.effect("fails for a file that is not there, and for a folder without manifests", () =>
    Effect.gen(function*() {
      for (const name of ["/nowhere/at/all.yaml", `${import.meta.dirname}`]) {
        const error = yield* Effect.flip(namesOf(name))
        assert.instanceOf(error, ManifestUnreadable)
        assert.include(error.message, `cannot read ${name}`)
      }
    }))
})
