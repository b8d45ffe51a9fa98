/**
 * The entry of the one program. It answers signals from its first line on, because loading everything else takes a
 * while and a daemon that is told to stop has not failed.
 */
const stopEarly = () => process.exit(0)
const isService = process.argv[2] === "run" || process.argv[2] === "demo"
if (isService) process.once("SIGTERM", stopEarly).once("SIGINT", stopEarly)

const { runProgram } = await import("./Program.ts")
process.off("SIGTERM", stopEarly).off("SIGINT", stopEarly)
runProgram({ isService })
