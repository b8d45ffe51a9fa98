/** Lists over HTTP: selectors, pages, versions, tables for kubectl, and metadata alone. */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { at, type JsonObject, listAt, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, patch } from "./ApiClient.ts"
import type { ContractTests } from "./ApiServerUnderTest.ts"
import { cfg, dev, workspace } from "./Workspace.ts"

const names = (list: JsonObject): ReadonlyArray<string> =>
  listAt(list, "items").map((item) => textAt(item, "metadata", "name"))

/** `as` the kind of a transformation (Kubernetes API concepts, "Alternate representations of resources"). */
const accept = (as: string) => ({ accept: `application/json;as=${as};v=v1;g=meta.k8s.io` })

/** What kubectl sends for `get`. */
const kubectlTable = {
  accept:
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
}

const cells = (table: JsonObject): ReadonlyArray<unknown> => listAt(table, "rows").map((row) => listAt(row, "cells"))
const columns = (table: JsonObject): ReadonlyArray<string> =>
  listAt(table, "columnDefinitions").map((column) => textAt(column, "name"))

/** Cells before the age: how old an object is, is no contract, and what follows is wide. */
const agelessCells = (table: JsonObject): ReadonlyArray<unknown> =>
  listAt(table, "rows").map((row) => {
    const all = listAt(row, "cells")
    const age = columns(table).indexOf("Age")
    assert.match(String(all[age]), /^\d+s$/)
    return all.toSpliced(age)
  })

export const listsContract = (it: ContractTests) =>
  describe("lists", () => {
    selections(it)
    pages(it)
    tables(it)
  })

const selections = (it: ContractTests) => {
  it.effect("selects by labels and names", () =>
    Effect.gen(function*() {
      const { cfgs, namespace } = yield* workspace
      for (const [name, labels] of [["a", {}], ["b", { x: "1" }], ["c", { x: "2", y: "1" }]] as const) {
        yield* call("POST", cfgs, { ...cfg(name), metadata: { name, labels } })
      }
      const selected = [
        ["", ["a", "b", "c"]],
        ["labelSelector=x", ["b", "c"]],
        ["labelSelector=!x", ["a"]],
        ["labelSelector=x%3D1", ["b"]],
        ["labelSelector=x%3D%3D1", ["b"]],
        ["labelSelector=x!%3D1", ["a", "c"]],
        ["labelSelector=x in (1,2),y", ["c"]],
        ["labelSelector=x in ()", []],
        ["labelSelector=x notin (1)", ["a", "c"]],
        ["labelSelector=x>1", ["c"]],
        ["labelSelector=x<2", ["b"]],
        ["fieldSelector=metadata.name%3Db", ["b"]],
        [`fieldSelector=metadata.name!%3Db,metadata.namespace%3D${namespace}`, ["a", "c"]]
      ] as const
      for (const [query, expected] of selected) {
        assert.deepStrictEqual([query, names((yield* call("GET", `${cfgs}?${query}`)).body)], [query, [...expected]])
      }
    }))

  it.effect("refuses selectors that mean nothing", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const refused = [
        ["labelSelector=%3D%3D", "found '==', expected: !, identifier, or 'end of string'"],
        ["labelSelector=a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
        ["fieldSelector=spec.x%3D1", "field label not supported: spec.x"],
        ["fieldSelector=metadata.name", "invalid selector: 'metadata.name'; can't understand 'metadata.name'"]
      ] as const
      for (const [query, text] of refused) {
        const answer = yield* call("GET", `${cfgs}?${query}`)
        assert.deepStrictEqual([query, answer.status, textAt(answer.body, "message")], [query, 400, text])
      }
    }))
}

const pages = (it: ContractTests) => {
  it.effect("pages through one moment, whatever is written meanwhile", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      for (const name of ["a", "b", "c", "d"]) yield* call("POST", cfgs, cfg(name))
      const first = yield* call("GET", `${cfgs}?limit=2`)
      assert.deepStrictEqual([names(first.body), at(first.body, "metadata", "remainingItemCount")], [["a", "b"], 2])
      yield* call("DELETE", `${cfgs}/c`)
      yield* call("POST", cfgs, cfg("cc"))
      const token = encodeURIComponent(textAt(first.body, "metadata", "continue"))
      const second = yield* call("GET", `${cfgs}?limit=2&continue=${token}`)
      assert.deepStrictEqual([names(second.body), textAt(second.body, "metadata", "continue")], [["c", "d"], ""])
      assert.strictEqual(
        textAt(second.body, "metadata", "resourceVersion"),
        textAt(first.body, "metadata", "resourceVersion")
      )
      const both = yield* call("GET", `${cfgs}?limit=2&continue=${token}&resourceVersion=1`)
      assert.deepStrictEqual([both.status, textAt(both.body, "message")], [
        400,
        "specifying resource version is not allowed when using continue"
      ])
    }))

  it.effect("does not count what is left of a selection", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      for (const name of ["a", "b"]) yield* call("POST", cfgs, { ...cfg(name), metadata: { name, labels: { x: "1" } } })
      const first = yield* call("GET", `${cfgs}?limit=1&labelSelector=x`)
      assert.deepStrictEqual(names(first.body), ["a"])
      assert.isUndefined(at(first.body, "metadata", "remainingItemCount"))
      assert.notStrictEqual(textAt(first.body, "metadata", "continue"), "")
    }))

  it.effect("answers a list from the cache whole, limit or not", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const created = yield* call("POST", cfgs, cfg("a"))
      yield* call("POST", cfgs, cfg("b"))
      // The cache follows what was written: a list that is not older than the write shows it.
      const version = textAt(created.body, "metadata", "resourceVersion")
      yield* call("GET", `${cfgs}?resourceVersion=${version}`)
      const cached = yield* call("GET", `${cfgs}?limit=1&resourceVersion=0`)
      assert.include(names(cached.body), "a")
      assert.strictEqual(textAt(cached.body, "metadata", "continue"), "")
    }))

  it.effect("shows the past when asked for an exact version, and refuses what it cannot show", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      yield* call("POST", cfgs, cfg("a"))
      const past = yield* call("GET", cfgs)
      yield* call("POST", cfgs, cfg("b"))
      const version = textAt(past.body, "metadata", "resourceVersion")
      const exact = yield* call("GET", `${cfgs}?resourceVersion=${version}&resourceVersionMatch=Exact`)
      assert.deepStrictEqual(names(exact.body), ["a"])
      const newer = yield* call("GET", `${cfgs}?resourceVersion=${version}&resourceVersionMatch=NotOlderThan`)
      assert.deepStrictEqual(names(newer.body), ["a", "b"])
      const refused = [
        ["resourceVersionMatch=Exact", 422],
        ["resourceVersion=0&resourceVersionMatch=Exact", 422],
        ["resourceVersion=x", 400],
        ["limit=x", 400],
        ["continue=x", 400]
      ] as const
      for (const [query, status] of refused) {
        assert.deepStrictEqual([query, (yield* call("GET", `${cfgs}?${query}`)).status], [query, status])
      }
    }))

  it.effect("answers a list from the future with 504, after which a client lists anew", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const answer = yield* call("GET", `${cfgs}?resourceVersion=999999999`)
      assert.deepStrictEqual([answer.status, textAt(answer.body, "reason")], [504, "Timeout"])
      assert.match(textAt(answer.body, "message"), /^Timeout: Too large resource version: 999999999, current: \d+$/)
      assert.deepStrictEqual(at(answer.body, "details"), {
        causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
        retryAfterSeconds: 1
      })
    }))
}

const tables = (it: ContractTests) => {
  it.effect("prints NodePTPDevs with the columns of the definition", () =>
    Effect.gen(function*() {
      const { devs } = yield* workspace
      yield* call("POST", devs, dev("worker-1"))
      yield* call("POST", devs, dev("worker-2"))
      const status = {
        ptpDevices: [{ name: "ens787f0" }, { name: "ens787f1" }],
        profiles: [{ name: "p", config: "c", priority: 4, matchedBy: "nodeName worker-1" }],
        clock: { state: "LOCKED", ports: [], since: "2026-01-01T00:00:00Z" },
        conditions: ["Applied", "Degraded"].map((type) => ({
          type,
          status: type === "Applied" ? "True" : "False",
          reason: "Ready",
          message: "",
          lastTransitionTime: "2026-01-01T00:00:00Z"
        }))
      }
      const written = yield* patch(`${devs}/worker-1/status`, "merge-patch+json", { status })
      assert.deepStrictEqual(written.body["status"], status)
      const list = yield* call("GET", devs, undefined, kubectlTable)
      assert.strictEqual(list.body["kind"], "Table")
      assert.deepStrictEqual(columns(list.body), [
        "Name",
        "Profile",
        "Clock",
        "Applied",
        "Devices",
        "Age",
        "Grandmaster",
        "Reason",
        "Linuxptp",
        "Version"
      ])
      assert.deepStrictEqual(agelessCells(list.body), [
        ["worker-1", "p", "LOCKED", "True", "ens787f0"],
        ["worker-2", null, null, null, null]
      ])
      const one = yield* call("GET", `${devs}/worker-1`, undefined, kubectlTable)
      assert.strictEqual(listAt(one.body, "rows").length, 1)
      assert.strictEqual(textAt(listAt(one.body, "rows")[0], "object", "kind"), "PartialObjectMetadata")
    }))

  it.effect("says what the columns are, and carries in each row what includeObject asks for", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      yield* call("POST", cfgs, cfg("a"))
      const list = yield* call("GET", `${cfgs}?includeObject=Object`, undefined, kubectlTable)
      assert.deepStrictEqual(
        listAt(list.body, "columnDefinitions").map((column) => [textAt(column, "name"), textAt(column, "type")]),
        [["Name", "string"], ["Profiles", "string"], ["Age", "date"]]
      )
      assert.strictEqual(textAt(listAt(list.body, "columnDefinitions")[0], "format"), "name")
      assert.strictEqual(textAt(listAt(list.body, "rows")[0], "object", "kind"), "NodePTPCfg")
      const none = yield* call("GET", `${cfgs}?includeObject=None`, undefined, kubectlTable)
      assert.isUndefined(at(listAt(none.body, "rows")[0], "object") ?? undefined)
      const empty = yield* call("GET", `${cfgs}?labelSelector=none`, undefined, kubectlTable)
      assert.deepStrictEqual([columns(empty.body), cells(empty.body)], [["Name", "Profiles", "Age"], []])
    }))

  it.effect("gives metadata alone, of one object and of a list", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      yield* call("POST", cfgs, cfg("a"))
      const fields = ["apiVersion", "kind", "metadata"]
      const one = yield* call("GET", `${cfgs}/a`, undefined, accept("PartialObjectMetadata"))
      assert.deepStrictEqual([one.body["kind"], Object.keys(one.body).toSorted()], ["PartialObjectMetadata", fields])
      const list = yield* call("GET", cfgs, undefined, accept("PartialObjectMetadataList"))
      assert.strictEqual(list.body["kind"], "PartialObjectMetadataList")
      assert.deepStrictEqual(Object.keys(listAt(list.body, "items")[0] ?? {}).toSorted(), fields)
      const neither = yield* call("GET", cfgs, undefined, { accept: "application/json;as=Nothing;v=v1;g=meta.k8s.io" })
      assert.strictEqual(neither.status, 406)
    }))
}
