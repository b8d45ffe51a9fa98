/**
 * How late a start may be: at once after the first death, later within 0.2 s doubled up to 30 s, counted from the
 * moment when nothing prevents it any more. Full jitter allows any shorter pause. The numbers are repeated here on
 * purpose, because the function under test cannot judge itself.
 */
import { Equal } from "effect"
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"
import type { Child } from "../simulation/Child.ts"

const forgivenAfterMillis = 60_000
export const atOnceMillis = 100
const longestMillis = 30_000
/** What a start waits at most for a dependant that can't be reaped. */
const dependantPatienceMillis = 7_000

interface Ended {
  readonly spec: ProcessSpec
  readonly at: number
  /** When it was asked to end, or ended by itself. */
  readonly since: number
  /** In a row; 0 when it was stopped. */
  readonly deaths: number
}

export interface RestartLaw {
  readonly onFailure: (spec: ProcessSpec) => void
  readonly onExit: (child: Child) => void
  /** Why this start is too late, if it is. */
  readonly lateness: (spec: ProcessSpec, wishedAt: number) => string | undefined
  /** It never ran, and nothing of its id ended since then. */
  readonly isNewSince: (spec: ProcessSpec, millis: number) => boolean
  /** The daemon was stopped until now. */
  readonly onBack: () => void
  /** In a row, when it last ended. */
  readonly deathsOf: (id: string) => number
  readonly clear: () => void
}

interface RestartLawOptions {
  readonly now: () => number
  readonly living: () => Iterable<Child>
}

export const makeRestartLaw = ({ living, now }: RestartLawOptions): RestartLaw => {
  const ended = new Map<string, Ended>()
  /** When the last dependant of an id was gone. */
  const dependantsGoneAt = new Map<string, number>()
  let backAt = 0

  const deathsBefore = (spec: ProcessSpec) => {
    const last = ended.get(spec.id)
    return last !== undefined && Equal.equals(last.spec, spec) ? last.deaths : 0
  }

  /** When the last dependant was gone, or has to count as unreapable. */
  const dependantsGone = (id: string) =>
    Math.max(
      dependantsGoneAt.get(id) ?? 0,
      ...[...living()].filter(({ spec }) => spec.after.includes(id)).map(({ termAt }) =>
        (termAt ?? now()) + dependantPatienceMillis
      )
    )

  const dependenciesReadyAt = (spec: ProcessSpec) =>
    Math.max(
      0,
      ...[...living()].filter((child) => spec.after.includes(child.spec.id)).map(({ readyAt }) => readyAt ?? Infinity)
    )

  return {
    onFailure: (spec) => void ended.set(spec.id, { spec, at: now(), since: now(), deaths: deathsBefore(spec) + 1 }),
    onExit: (child) => {
      const { askedAt, bornAt, readyAt, spec, termAt } = child
      for (const id of spec.after) dependantsGoneAt.set(id, now())
      // A daemon that was stopped did not see it being ready meanwhile.
      const isForgiven = readyAt !== undefined &&
        (termAt ?? now()) - Math.max(readyAt, backAt) >= forgivenAfterMillis
      const before = isForgiven ? 0 : deathsBefore(spec)
      // Who is stopped at birth was to be stopped while it was forked.
      const since = termAt === bornAt ? askedAt : termAt ?? now()
      ended.set(spec.id, { spec, at: now(), since, deaths: termAt === undefined ? before + 1 : before })
    },
    lateness: (spec, wishedAt) => {
      const last = ended.get(spec.id)
      // A newer wish has its own order: every stop before any start.
      if (last === undefined || !Equal.equals(last.spec, spec) || wishedAt >= last.since) return undefined
      const free = Math.max(last.at, backAt, dependantsGone(spec.id), dependenciesReadyAt(spec))
      const allowed = atOnceMillis +
        (last.deaths <= 1 ? 0 : Math.min(longestMillis, 200 * 2 ** Math.min(last.deaths - 2, 10)))
      const waited = now() - free
      return waited <= allowed ? undefined : `started ${waited} ms after it could, allowed are ${allowed} ms`
    },
    isNewSince: (spec, millis) => {
      const last = ended.get(spec.id)
      return last === undefined || (!Equal.equals(last.spec, spec) && last.at <= millis)
    },
    onBack: () => {
      backAt = now()
    },
    deathsOf: (id) => ended.get(id)?.deaths ?? 0,
    clear: () => {
      ended.clear()
      dependantsGoneAt.clear()
    }
  }
}
