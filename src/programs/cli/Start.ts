/**
 * How both entries begin. Loading a program takes a while, and a daemon that is told to stop meanwhile has not failed:
 * its signals are answered before anything else is loaded. For that reason this module loads nothing by itself.
 */
import type { Program } from "./Launch.ts"

const stopEarly = () => process.exit(0)

/** Loads a program and runs it. A service ends with 0 when it is told to stop, also while it loads. */
export const start = async <E>(
  { isService, load }: { readonly isService: boolean; readonly load: () => Promise<{ readonly program: Program<E> }> }
): Promise<void> => {
  if (isService) process.once("SIGTERM", stopEarly).once("SIGINT", stopEarly)
  const [{ launch }, { program }] = await Promise.all([import("./Launch.ts"), load()])
  launch(program, { isService })
  // Only after the program's own handlers are there: a signal that came while a module loaded is still to be
  // delivered, and without a handler in between it would be lost.
  process.off("SIGTERM", stopEarly).off("SIGINT", stopEarly)
}
