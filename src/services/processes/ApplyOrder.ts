/**
 * What must stop and what must start to get from one set of processes to another, as a value. Pure, so the order can be
 * tested without processes.
 */
import { Equal } from "effect"
import type { ProcessSpec } from "./ProcessSpec.ts"

export interface ApplyOrder {
  /** Ids in the order of their stops. Each group is stopped together and reaped before the next group. */
  readonly stops: ReadonlyArray<ReadonlyArray<string>>
  /** The specs to start; dependencies come first. */
  readonly starts: ReadonlyArray<ProcessSpec>
}

type Specs = ReadonlyMap<string, ProcessSpec>

/**
 * Compares specs by value. A process that depends on one that stops is stopped before it and started again, because a
 * servo must not follow a clock whose source is gone.
 */
export const applyOrder = (running: Specs, desired: ReadonlyArray<ProcessSpec>): ApplyOrder => {
  const wanted = new Map(desired.map((spec) => [spec.id, spec]))
  const stale = new Set([...running.values()].filter((spec) => !Equal.equals(wanted.get(spec.id), spec)).map(idOf))
  for (let before = -1; before !== stale.size;) {
    before = stale.size
    for (const spec of running.values()) if (spec.after.some((id) => stale.has(id))) stale.add(spec.id)
  }
  const starts = [...wanted.values()].filter((spec) => stale.has(spec.id) || !running.has(spec.id))
  return {
    stops: dependencyLevels([...stale].flatMap((id) => running.get(id) ?? [])).map((level) => level.map(idOf))
      .toReversed(),
    starts: dependencyLevels(starts).flat()
  }
}

/**
 * Splits processes into groups. Each process depends only on processes of earlier groups. Processes that depend on each
 * other in a circle are in the last group.
 */
export const dependencyLevels = (specs: ReadonlyArray<ProcessSpec>): ReadonlyArray<ReadonlyArray<ProcessSpec>> => {
  const levels: Array<ReadonlyArray<ProcessSpec>> = []
  let rest = specs
  while (rest.length > 0) {
    const waiting = new Set(rest.map(idOf))
    const free = rest.filter((spec) => spec.after.every((id) => !waiting.has(id)))
    if (free.length === 0) return [...levels, rest]
    levels.push(free)
    rest = rest.filter((spec) => !free.includes(spec))
  }
  return levels
}

const idOf = (spec: ProcessSpec): string => spec.id
