/** The entry point of a checkout: the commands of the image, and the demo. */
import { start } from "../Start.ts"

const command = process.argv[2]
await start({ isService: command === "demo" || command === "run", load: () => import("./DemoProgram.ts") })
