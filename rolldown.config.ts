/** `npm run build`: the image's program as one bundle in dist/. */
import { defineConfig } from "rolldown"

export default defineConfig({
  input: "src/programs/cli/main.ts",
  platform: "node",
  output: { dir: "dist", format: "esm", minify: true }
})
