/**
 * The recorded answers of kube-apiserver 1.37.2 to NodePTPCfgs with these specs. `test:cluster` asks a real server
 * again. The embedded server must give the same answers, except those of rules.
 */
import { Schema } from "effect"
import { readFileSync } from "node:fs"
import type { Json } from "../../src/layers/simulated/apiserver/JsonTree.ts"

export const recordedConfigurations = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Array(Schema.Struct({
  spec: Schema.JsonObject,
  status: Schema.Int,
  causes: Schema.Array(Schema.JsonObject),
  stored: Schema.optionalKey(Schema.JsonObject)
}))))(readFileSync("test/fixtures/kubernetes/nodeptpcfgs-1.37.json", "utf8"))

/** A real server reads fields in no order. */
export const inOrder = (values: ReadonlyArray<Json>): ReadonlyArray<string> =>
  values.map((value) => JSON.stringify(value)).toSorted()
