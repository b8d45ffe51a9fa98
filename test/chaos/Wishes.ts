/** What the supervisor was asked to run, and until when. This is the only reason to start or stop anything. */
import { Equal } from "effect"
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"

interface Wish {
  readonly specs: ReadonlyMap<string, ProcessSpec>
  until: number
}

const wants = ({ specs }: Wish, spec: ProcessSpec) => Equal.equals(specs.get(spec.id), spec)

export interface Wishes {
  /** A newer wish replaces the one before at once. */
  readonly wish: (desired: ReadonlyArray<ProcessSpec>) => void
  /** Everything of a daemon that is gone. */
  readonly clear: () => void
  readonly isWanted: (spec: ProcessSpec) => boolean
  /** By the newest wish. */
  readonly isWantedNow: (spec: ProcessSpec) => boolean
  readonly isUnwanted: (spec: ProcessSpec) => boolean
  /** When the newest wish came. */
  readonly changedAt: () => number
}

export const makeWishes = (now: () => number): Wishes => {
  let history: Array<Wish> = []
  let changedAt = 0
  /** Those of this instant: whoever acts on a wish may be overtaken by the next one while it does. */
  const current = () => {
    history = history.filter(({ until }) => until >= now())
    return history
  }
  return {
    wish: (desired) => {
      for (const wish of current()) wish.until = Math.min(wish.until, now())
      history.push({ specs: new Map(desired.map((spec) => [spec.id, spec])), until: Infinity })
      changedAt = now()
    },
    clear: () => {
      history = []
    },
    isWanted: (spec) => current().some((wish) => wants(wish, spec)),
    isWantedNow: (spec) => {
      const newest = history.at(-1)
      return newest !== undefined && wants(newest, spec)
    },
    isUnwanted: (spec) => current().some((wish) => !wants(wish, spec)),
    changedAt: () => changedAt
  }
}
