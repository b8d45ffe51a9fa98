/**
 * How both entry points begin. Loading a program takes a while, and a daemon that is told to stop meanwhile has not
 * failed. Therefore signals are handled before anything else is loaded, and this module itself imports nothing at its
 * start.
 */
import type { Program } from "./Launch.ts"

const stopEarly = () => process.exit(0)

/**
 * Node opens its debugger on a port when it gets SIGUSR1, or ends if it is told not to (`--disable-sigusr1`). Anybody
 * who may send a signal could have a clock's daemon do either.
 */
const ignoreDebugger = () => void process.on("SIGUSR1", () => {})

/** Loads a program and runs it. A service that is told to stop exits with 0, even while it loads. */
export const start = async <E>(
  { isService, load }: { readonly isService: boolean; readonly load: () => Promise<{ readonly program: Program<E> }> }
): Promise<void> => {
  ignoreDebugger()
  if (isService) process.once("SIGTERM", stopEarly).once("SIGINT", stopEarly)
  const [{ launch }, { program }] = await Promise.all([import("./Launch.ts"), load()])
  launch(program, { isService })
  // Removed only after the program has installed its own handlers. A signal that arrived during loading is delivered
  // later; if there were no handler in between, it would be lost.
  process.off("SIGTERM", stopEarly).off("SIGINT", stopEarly)
}
