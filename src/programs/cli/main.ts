/**
 * The entry of the one program. It answers signals from its first line on, because loading everything else takes a
 * while and a daemon that is told to stop has not failed.
 */
const stopEarly = () => process.exit(0)
const isRun = process.argv[2] === "run"
const isService = isRun || process.argv[2] === "demo"
if (isService) process.once("SIGTERM", stopEarly).once("SIGINT", stopEarly)

const [{ launch }, { program }] = await Promise.all([
  import("./Launch.ts"),
  isRun ? import("./RunProgram.ts") : import("./Program.ts")
])
launch(program, { isService })
// Only after the program's own handlers are there: a signal that came while a module loaded is still to be delivered,
// and without a handler in between it would be lost.
process.off("SIGTERM", stopEarly).off("SIGINT", stopEarly)
