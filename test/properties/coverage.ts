/*
 * What the scenarios of a run came to: which traits they had, whether their plans were batched,
 * among what nodes, and what the planner left alone.
 */
import { isBatch, nameOf, nodesOf } from './plan';
import type { Scenario } from './scenario';
import type { Outcome } from './session';
import type { Verdict } from './verdict';

interface Count {
  all: number;
  batched: number;
}

/** Messages of the planner about calls that it leaves to the row path. */
const DECLINE = /stays row at a time: (?<reason>.*)/;

export class Coverage {
  readonly verdicts = new Map<string, number>();
  readonly traits = new Map<string, Count>();
  readonly neighbours = new Map<string, number>();
  readonly declines = new Map<string, number>();
  readonly errors = new Map<string, number>();
  scenarios = 0;
  /** Those whose plans were seen to their end and that call ai_inference(). */
  planned = 0;
  batched = 0;

  /** Counts a scenario. */
  add({ facts }: Scenario, setPath: Outcome, verdict: Verdict): void {
    this.scenarios += 1;
    count(this.verdicts, verdict.kind);
    if (setPath.error !== undefined) count(this.errors, setPath.error.code);
    for (const message of setPath.messages) {
      const reason = DECLINE.exec(message)?.groups?.reason;
      if (reason !== undefined) count(this.declines, reason);
    }
    if (setPath.error !== undefined || facts.calls === 0) return;
    this.planned += 1;
    const batched = this.addNodes(setPath);
    if (batched) this.batched += 1;
    for (const trait of facts.traits) {
      const seen = this.traits.get(trait) ?? { all: 0, batched: 0 };
      this.traits.set(trait, {
        all: seen.all + 1,
        batched: seen.batched + Number(batched),
      });
    }
  }

  private addNodes({ plans }: Outcome): boolean {
    let found = false;
    for (const plan of plans) {
      for (const { node, above } of nodesOf(plan)) {
        if (!isBatch(node)) continue;
        found = true;
        count(this.neighbours, `above: ${nameOf(above)}`);
        for (const child of node.Plans ?? []) count(this.neighbours, `below: ${nameOf(child)}`);
      }
    }
    return found;
  }
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
