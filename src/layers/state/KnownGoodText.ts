/**
 * The text form of the last configuration that worked: JSON with the version of its schema and a checksum. Any other
 * content is refused with a reason. This file touches no disk.
 */
import { Predicate, Result, Schema } from "effect"
import { crc32 } from "node:zlib"
import { KnownGood } from "../../services/profiles/LastKnownGood.ts"

/** A file with another number has another form, which this daemon cannot read. */
const schemaVersion = 1

const encode = Schema.encodeSync(KnownGood)
const decode = Schema.decodeUnknownResult(KnownGood)

export const renderKnownGood = (value: KnownGood): string => {
  const knownGood = encode(value)
  return JSON.stringify({ schemaVersion, crc32: checksum(knownGood), knownGood })
}

/** Reads what `renderKnownGood` wrote, or says why it cannot be read. */
export const parseKnownGood = (text: string): Result.Result<KnownGood, string> =>
  Result.gen(function*() {
    const file = yield* parseJson(text)
    if (!Predicate.hasProperty(file, "schemaVersion")) return yield* Result.fail("it has no schemaVersion")
    // A file of a newer daemon cannot be used here. Nothing is lost: everything comes from the API server again.
    if (file.schemaVersion !== schemaVersion) return yield* Result.fail(otherVersion(file.schemaVersion))
    if (!Predicate.hasProperty(file, "knownGood")) return yield* Result.fail("it has no knownGood")
    const knownGood = yield* Result.mapError(decode(file.knownGood), ({ message }) => `it can't be decoded: ${message}`)
    const isWhole = Predicate.hasProperty(file, "crc32") && file.crc32 === checksum(file.knownGood)
    return isWhole ? knownGood : yield* Result.fail("its checksum is wrong")
  })

const parseJson = (text: string): Result.Result<unknown, string> =>
  Result.try({
    try: (): unknown => JSON.parse(text),
    catch: () => text === "" ? "it is empty" : "it is not JSON"
  })

const otherVersion = (version: unknown): string =>
  `its schemaVersion is ${Predicate.isNumber(version) ? version : "no number"}, not ${schemaVersion}`

/** JSON with a flipped bit in a name or number is still valid JSON; the checksum finds it. */
const checksum = (knownGood: unknown): number => crc32(JSON.stringify(knownGood))
