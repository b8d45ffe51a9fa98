/**
 * The entry of the image: the daemon, and the commands that are of use on a node. The demo is not in the image; a
 * checkout starts at demo/main.ts, which has it too.
 */
import { start } from "./Start.ts"

const command = process.argv[2]
if (command === "demo") {
  console.error("error: there is no demo in this build: run `npm start` in a checkout of linuxptp-daemon")
  process.exitCode = 2
} else if (command === "run") {
  // A node that boots loads the daemon alone.
  await start({ isService: true, load: () => import("./RunProgram.ts") })
} else {
  await start({ isService: false, load: () => import("./Program.ts") })
}
