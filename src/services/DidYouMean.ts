/** What a person probably meant by a name that is not known: a field, a kind or an option with a slip of the hand. */

/** Longer names are no slips. The bound also keeps hostile input cheap. */
const longestName = 64

/**
 * The known name nearest to `name`, or undefined if none is near. Case, `-` and `_` do not count, a transposed pair
 * is one slip, and a short name may have fewer slips than a long one. Of equally near names the first one wins. If none
 * is near, it is the only one that begins like `name`, or that `name` begins with.
 */
export const didYouMean = (name: string, known: Iterable<string>): string | undefined => {
  if (name.length > longestName) return undefined
  const given = bare(name)
  let best: string | undefined
  let least = Infinity
  for (const candidate of known) {
    const wanted = bare(candidate)
    const most = Math.min(mostSlips(given, wanted), least - 1)
    if (Math.abs(given.length - wanted.length) > most) continue
    const slips = slipsBetween(given, wanted)
    if (slips > most) continue
    best = candidate
    least = slips
  }
  return best ?? onlyBeginning(given, known)
}

/** `maxOffset` for `maxOffsetThreshold`, `ptp4lConfiguration` for `ptp4lConf`. */
const onlyBeginning = (given: string, known: Iterable<string>): string | undefined => {
  const alike = [...known].filter((candidate) => {
    const [short, long] = [given, bare(candidate)].sort((a, b) => a.length - b.length)
    return short !== undefined && short.length >= 4 && long?.startsWith(short) === true
  })
  return alike.length === 1 ? alike[0] : undefined
}

/** ` (did you mean ptp4lOpts?)`, or nothing. It is made to be appended to a message. */
export const didYouMeanText = (name: string, known: Iterable<string>): string => {
  const meant = didYouMean(name, known)
  return meant === undefined ? "" : ` (did you mean ${meant}?)`
}

const bare = (name: string): string => name.toLowerCase().replace(/[-_]/g, "")

const mostSlips = (a: string, b: string): number =>
  Math.floor(Math.min(a.length, b.length) / 4) + (a[0] === b[0] ? 1 : 0)

/** Insertions, deletions, substitutions and transpositions of neighbours (optimal string alignment). */
const slipsBetween = (a: string, b: string): number => {
  let beforeLast: ReadonlyArray<number> = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row += 1) {
    const now = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const isSame = a[row - 1] === b[column - 1]
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      now.push(Math.min(
        (last[column] ?? 0) + 1,
        (now[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (beforeLast[column - 2] ?? 0) + 1 : Infinity
      ))
    }
    beforeLast = last
    last = now
  }
  return last[b.length] ?? 0
}
