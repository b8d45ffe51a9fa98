/** The entry of a checkout: what the image has, and the demo. */
import { start } from "../Start.ts"

const command = process.argv[2]
await start({ isService: command === "demo" || command === "run", load: () => import("./DemoProgram.ts") })
