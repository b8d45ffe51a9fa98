/**
 * The text in which the last configuration that worked is kept: JSON with the version of its schema and a checksum.
 * Whatever else stands in the file is told apart from it, with the reason; nothing here touches a file.
 */
import { Predicate, Result, Schema } from "effect"
import { crc32 } from "node:zlib"
import { KnownGood } from "../../services/profiles/LastKnownGood.ts"

/** Another number is another form, which this daemon does not read. */
const schemaVersion = 1

const encode = Schema.encodeSync(KnownGood)
const decode = Schema.decodeUnknownResult(KnownGood)

export const renderKnownGood = (value: KnownGood): string => {
  const knownGood = encode(value)
  return JSON.stringify({ schemaVersion, crc32: checksum(knownGood), knownGood })
}

/** Reads what `renderKnownGood` wrote, or says why that can't be. */
export const parseKnownGood = (text: string): Result.Result<KnownGood, string> =>
  Result.gen(function*() {
    const file = yield* parseJson(text)
    if (!Predicate.hasProperty(file, "schemaVersion")) return yield* Result.fail("it has no schemaVersion")
    // A newer daemon's is of no use here, and no loss to it: all of it comes from the API server again.
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

/** A flipped bit in a name or a number is JSON all the same. */
const checksum = (knownGood: unknown): number => crc32(JSON.stringify(knownGood))
