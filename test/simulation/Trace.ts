/** Everything that happens in a scenario, as lines of text, and the judge's complaints. */

export interface Trace {
  readonly lines: ReadonlyArray<string>
  readonly breaches: ReadonlyArray<string>
  readonly note: (text: string) => void
  readonly breach: (text: string) => void
}

export const makeTrace = (now: () => number): Trace => {
  const lines: Array<string> = []
  const breaches: Array<string> = []
  const note = (text: string) => void lines.push(`${(now() / 1_000).toFixed(3).padStart(9)} ${text}`)
  return {
    lines,
    breaches,
    note,
    breach: (text) => {
      note(`BREACH ${text}`)
      breaches.push(text)
    }
  }
}
