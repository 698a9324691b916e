/** A real server with a worker whose engine is the scripted agent, in a folder that goes with it. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { VWMClient } from "vwm-client";
import { Gates } from "./gates.js";

/** A folder, a server, and the gates of its agents. */
export class World {
  readonly gates = new Gates();
  readonly #folder: string;
  readonly #program: string;
  #server: ChildProcess | undefined;
  #url = "";
  #key = "";

  private constructor(folder: string, program: string) {
    this.#folder = folder;
    this.#program = program;
  }

  /** Starts a server, and makes the worker `bob`. */
  static async start(): Promise<World> {
    const program = process.env["VWM_TEST_BINARY"];
    assert.ok(program, "VWM_TEST_BINARY is not set: build vwm and give its path");
    const world = new World(await mkdtemp(join(tmpdir(), "vwm-client-")), program);
    try {
      await world.startServer();
      await world.#makeWorker();
      return world;
    } catch (cause) {
      await world.stop();
      throw cause;
    }
  }

  /** A client with the admin's key. */
  client(): VWMClient {
    return new VWMClient({ baseUrl: this.#url, apiKey: this.#key });
  }

  /** Starts the server, where it was if it ran before, and waits until it is ready. */
  async startServer(): Promise<void> {
    const listen = this.#url === "" ? "127.0.0.1:0" : new URL(this.#url).host;
    const log = openSync(join(this.#folder, "server.log"), "a");
    // Nothing of this environment, and no key that opens anything.
    const env = { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: this.#folder, VWM_LOG: "debug,hyper=info,sqlx=info", VWM_ANTHROPIC_API_KEY: "sk-test" };
    const args = ["--data-dir", this.#data(), "server", "--listen", listen];
    const server = spawn(this.#program, args, { env, stdio: ["ignore", log, log] });
    closeSync(log);
    this.#server = server;
    const until = Date.now() + 30_000;
    for (;;) {
      const told = await readJson(join(this.#data(), "server.json"));
      if (told?.["pid"] === server.pid) {
        this.#url = String(told?.["url"]);
        break;
      }
      assert.equal(server.exitCode, null, `the server ended before it was ready:\n${await this.log()}`);
      assert.ok(Date.now() < until, "the server is not ready in time");
      await pause(10);
    }
    this.#key = (await readFile(join(this.#data(), "admin.key"), "utf8")).trim();
  }

  /** Signals the server, and waits until it is gone. */
  async stopServer(signal: NodeJS.Signals): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined || server.exitCode !== null) return;
    const exit = once(server, "exit");
    server.kill(signal);
    await exit;
  }

  /** The end of the server's log. */
  async log(): Promise<string> {
    const log = await readFile(join(this.#folder, "server.log"), "utf8").catch(() => "");
    return log.split("\n").slice(-60).join("\n");
  }

  /** Ends all that this world started. */
  async stop(): Promise<void> {
    await this.stopServer("SIGKILL");
    this.gates.stop();
    // Harnesses outlive their server by design; this world's end with it.
    const sessions = join(this.#data(), "sessions");
    for (const session of await readdir(sessions).catch(() => [])) {
      const job = await readJson(join(sessions, session, "state", "job.json"));
      if (typeof job?.["pid"] === "number") await killed(job["pid"], sessions);
    }
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
  }

  async #makeWorker(): Promise<void> {
    const script = join(this.#folder, "agents", "bob.json");
    await mkdir(dirname(script));
    await writeFile(script, JSON.stringify({ control: await this.gates.start() }));
    const client = this.client();
    await client.settings.set("engineFolders", [dirname(script), dirname(this.#program)]);
    const { id: runtimeId } = await client.runtimes.byName("local");
    const engine = { command: this.#program, args: ["scripted", "agent", "--script", script] };
    await client.workers.create({ name: "bob", runtimeId, cliType: "acp", engine });
  }

  #data(): string {
    return join(this.#folder, "data");
  }
}

/** What an agent is asked to play. */
export function play(...steps: Record<string, unknown>[]): string {
  return `SCRIPT: ${JSON.stringify(steps)}`;
}

async function readJson(file: string): Promise<Record<string, unknown> | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Kills a harness that still runs below this world's folder, and waits until it is gone. */
async function killed(pid: number, sessions: string): Promise<void> {
  const isOurs = async () => (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).includes(sessions);
  if (!(await isOurs())) return;
  process.kill(pid, "SIGKILL");
  while (await isOurs()) await pause(10);
}
