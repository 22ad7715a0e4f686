/*
 * Plans as auto_explain prints them: whether they hold a node of ours, among what neighbours it
 * stands, and whether two plans are the same without it.
 */

export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Custom Plan Provider'?: string;
  readonly Plans?: readonly PlanNode[];
  readonly [property: string]: unknown;
}

const PROVIDER = 'BatchInference';

/** The plan that a message of auto_explain holds, if it is one. */
export function planOf(message: string): PlanNode | undefined {
  const found = /^duration: [\d.]+ ms {2}plan:\n(?<json>\{[\s\S]*\})$/.exec(message);
  if (found === null) return undefined;
  return (JSON.parse(found.groups?.json ?? '{}') as { Plan: PlanNode }).Plan;
}

export const isBatch = (node: PlanNode): boolean => node['Custom Plan Provider'] === PROVIDER;

/** Every node of a plan with the one above it. */
export function* nodesOf(
  plan: PlanNode,
  above?: PlanNode,
): Generator<{ node: PlanNode; above: PlanNode | undefined }> {
  yield { node: plan, above };
  for (const child of plan.Plans ?? []) yield* nodesOf(child, plan);
}

export const holdsBatch = (plan: PlanNode): boolean =>
  [...nodesOf(plan)].some(({ node }) => isBatch(node));

/** What of a node decides in which order its rows come. */
const SHAPE = [
  'Node Type',
  'Join Type',
  'Strategy',
  'Operation',
  'Relation Name',
  'Index Name',
  'Scan Direction',
  'Subplan Name',
  'CTE Name',
  'Workers Planned',
];

/** The shape of a plan, as if our nodes were not there. */
export function shapeOf(node: PlanNode): string {
  const children = (node.Plans ?? []).map(shapeOf);
  if (isBatch(node)) return children[0] ?? '';
  const words = SHAPE.map((key) => node[key] ?? '').join('|');
  return `${words}(${children.join(',')})`;
}

/**
 * The calls in a plan's conditions, from the bottom up, in the order in which they are evaluated:
 * which is by their costs.
 */
export function callsOf(node: PlanNode): string {
  const below = (node.Plans ?? []).map(callsOf);
  const own = ['Filter', 'Join Filter'].flatMap((key) =>
    [...String(node[key] ?? '').matchAll(/ai_inference\((?<model>[^,]*)/g)].map(
      ({ groups }) => groups?.model ?? '',
    ),
  );
  return [...below, ...own].filter((calls) => calls !== '').join(' ');
}

/** The name under which a node is counted. */
export function nameOf(node: PlanNode | undefined): string {
  if (node === undefined) return '(top)';
  const type = node['Node Type'];
  if (type === 'Custom Scan') return String(node['Custom Plan Provider']);
  if (type === 'ModifyTable') return `ModifyTable ${node.Operation}`;
  if (type === 'Aggregate') return `Aggregate ${node.Strategy}`;
  return type;
}
