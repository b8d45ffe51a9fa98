/**
 * Reads bodies that kubectl sends as protobuf, for `kubectl create namespace|serviceaccount|configmap`
 * (k8s.io/apimachinery pkg/runtime generated.proto `Unknown`, k8s.io/api core/v1 generated.proto). These commands write
 * only metadata and the data of a ConfigMap, so only that is read. Bodies of other kinds are refused.
 */
import { Result } from "effect"
import { type ApiStatusError, badRequest, unsupportedMediaType } from "./ApiStatusError.ts"
import type { JsonObject } from "./JsonTree.ts"

/** `k8s\0`, which is in front of every message. */
const magic = [0x6b, 0x38, 0x73, 0x00]
const readableKinds = new Set(["Namespace", "ServiceAccount", "ConfigMap"])

/** The object in a protobuf body. */
export const decodeProtobuf = (body: Uint8Array): Result.Result<JsonObject, ApiStatusError> => {
  if (!magic.every((byte, index) => body[index] === byte)) {
    return Result.fail(badRequest("the body is not protobuf of Kubernetes"))
  }
  const unknown = fieldsOf(body.subarray(magic.length))
  const type = fieldsOf(unknown?.get(1)?.[0] ?? new Uint8Array(0))
  const object = fieldsOf(unknown?.get(2)?.[0] ?? new Uint8Array(0))
  const metadata = fieldsOf(object?.get(1)?.[0] ?? new Uint8Array(0))
  if (unknown === undefined || type === undefined || object === undefined || metadata === undefined) {
    return Result.fail(badRequest("the protobuf message is truncated"))
  }
  const kind = textOf(type.get(2))
  if (!readableKinds.has(kind)) return Result.fail(unsupportedMediaType(["application/json", "application/yaml"]))
  const named = {
    name: textOf(metadata.get(1)),
    generateName: textOf(metadata.get(2)),
    namespace: textOf(metadata.get(3))
  }
  const maps = { labels: mapOf(metadata.get(11)), annotations: mapOf(metadata.get(12)) }
  return Result.succeed({
    apiVersion: textOf(type.get(1)),
    kind,
    metadata: Object.fromEntries([
      ...Object.entries(named).filter(([, value]) => value !== ""),
      ...Object.entries(maps).filter(([, map]) => Object.keys(map).length > 0)
    ]),
    ...(kind === "ConfigMap" ? { data: mapOf(object.get(2)) } : {})
  })
}

/** Length-delimited fields by number. Other wire types contain no text and are skipped. */
type Fields = ReadonlyMap<number, ReadonlyArray<Uint8Array>>

/** Nothing if the message is cut off or uses groups, which Kubernetes does not use. */
const fieldsOf = (message: Uint8Array): Fields | undefined => {
  const fields = new Map<number, Array<Uint8Array>>()
  let position = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 1; position < message.length; shift *= 128) {
      const byte = message[position] ?? 0
      position += 1
      value += (byte % 128) * shift
      if (byte < 128) return value
    }
    return Number.NaN
  }
  while (position < message.length) {
    const tag = varint()
    const skipped = wireLength(tag % 8)
    const length = tag % 8 === 2 ? varint() : skipped
    if (tag % 8 === 0) varint()
    else if (length === undefined || !(position + length <= message.length)) return undefined
    else {
      if (tag % 8 === 2) append(fields, Math.trunc(tag / 8), message.subarray(position, position + length))
      position += length
    }
  }
  return fields
}

const wireLength = (type: number): number | undefined => type === 1 ? 8 : type === 5 ? 4 : undefined

const append = (fields: Map<number, Array<Uint8Array>>, number: number, value: Uint8Array): void => {
  const known = fields.get(number)
  if (known === undefined) fields.set(number, [value])
  else known.push(value)
}

const textOf = (values: ReadonlyArray<Uint8Array> | undefined): string => new TextDecoder().decode(values?.at(-1))

const mapOf = (entries: ReadonlyArray<Uint8Array> | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries((entries ?? []).map((entry) => {
    const fields = fieldsOf(entry)
    return [textOf(fields?.get(1)), textOf(fields?.get(2))]
  }))
