/**
 * The entry point of the image: the daemon and the commands that are useful on a node. The image contains no demo. A
 * checkout starts at demo/main.ts, which also has the demo.
 */
import { start } from "./Start.ts"

const command = process.argv[2]
if (command === "demo") {
  console.error("error: there is no demo in this build: run `npm start` in a checkout of linuxptp-daemon")
  process.exitCode = 2
} else if (command === "run") {
  // A booting node loads only the daemon.
  await start({ isService: true, load: () => import("./RunProgram.ts") })
} else {
  await start({ isService: false, load: () => import("./Program.ts") })
}
