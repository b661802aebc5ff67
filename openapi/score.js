// Fails where `redocly score` gives the document less than asked for, and names the operations that cost most.
import { execFileSync } from "node:child_process";

const least = Number(process.argv[2]);
const output = execFileSync("redocly", ["score", "openapi.json", "--format", "json"], {
  encoding: "utf8",
  maxBuffer: 100_000_000,
  stdio: ["ignore", "pipe", "ignore"],
});
const { agentReadiness, hotspots } = JSON.parse(output.slice(output.indexOf("{")));
console.log(`redocly score: ${agentReadiness} of 100, at least ${least} are asked for`);
if (agentReadiness < least) {
  for (const spot of hotspots) {
    console.log(`  ${spot.operationId}: ${spot.agentReadinessScore} (${spot.reasons.join("; ")})`);
  }
  process.exit(1);
}
