/** Faults that keep a program from starting at all. */
import { atNextStart, behaving, type Fault } from "./Fault.ts"
import type { World } from "./World.ts"

const some = ({ dice }: World) => dice.between(1, 6)

export const startFaults: ReadonlyArray<Fault> = [
  atNextStart("program missing (ENOENT)", some, { failure: "ENOENT" }),
  atNextStart("no space for the configuration file (ENOSPC)", some, { failure: "ENOSPC" }),
  atNextStart("no process to be had (EAGAIN)", some, { failure: "EAGAIN" }),
  atNextStart("no file descriptor to be had (EMFILE)", some, { failure: "EMFILE" }),
  atNextStart("arguments too long (E2BIG)", some, { failure: "E2BIG" }),
  atNextStart("a bug in a start", some, { failure: "defect" }),
  atNextStart("a fork takes seconds", () => 1, behaving({ forkMillis: 3_500 }))
]
