/** Random numbers that are the same for the same seed. */
import type { Random } from "effect"

export interface Dice {
  /** Uniform in [0, 1). */
  readonly draw: () => number
  /** Both ends included. */
  readonly between: (least: number, most: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <A>(choices: readonly [A, ...ReadonlyArray<A>]) => A
  /** Undefined only when there is nothing to pick from. */
  readonly some: <A>(choices: ReadonlyArray<A>) => A | undefined
}

/** mulberry32 of Tommy Ettinger: 32 bits of state, good enough to pick faults with. */
export const makeDice = (seed: number): Dice => {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 0
  const draw = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (count: number) => Math.floor(draw() * count)
  return {
    draw,
    between: (least, most) => least + below(most - least + 1),
    chance: (probability) => draw() < probability,
    pick: (choices) => choices[below(choices.length)] ?? choices[0],
    some: (choices) => choices[below(choices.length)]
  }
}

/** Effect's `Random` by these dice. */
export const asRandom = (dice: Dice): typeof Random.Random.Service => ({
  nextDoubleUnsafe: dice.draw,
  nextIntUnsafe: () => dice.between(0, 2 ** 31)
})
