/**
 * Who may import whom. Dependencies point inwards: shells, activities, adapters, protocol, domain. A folder sees itself
 * and what its row lists, types included; every rule made from these tables has a planted violation in
 * test/architecture that must fire.
 */
const SEES = {
  'src/domain': [],
  'src/telemetry': [],
  'src/spec': ['src/domain'],
  'src/config': ['src/domain'],
  'src/protocol': ['src/domain'],
  workflows: ['src/domain', 'src/protocol'],
  // Binding `:partition_start` is text work on SQL that a person wrote; nothing else of the documents is known here.
  'src/warehouse': ['src/domain', 'src/protocol', 'src/spec/sql-parameters.ts'],
  'src/ledger': ['src/domain', 'src/protocol', 'src/warehouse'],
  'src/planning': ['src/domain', 'src/protocol', 'src/spec', 'src/warehouse', 'src/ledger'],
  'src/report': ['src/domain', 'src/protocol', 'src/spec', 'src/warehouse', 'src/ledger'],
  activities: ['src/domain', 'src/protocol', 'src/spec', 'src/planning', 'src/warehouse', 'src/ledger', 'src/report'],
  'src/client': ['src/domain', 'src/protocol', 'src/config'],
  'src/local': [
    'src/domain',
    'src/protocol',
    'src/spec',
    'src/config',
    'src/warehouse',
    'src/ledger',
    'src/client',
    'examples',
  ],
  'src/cli': [
    'src/domain',
    'src/protocol',
    'src/spec',
    'src/config',
    'src/telemetry',
    'src/warehouse',
    'src/ledger',
    'src/planning',
    'src/report',
    'src/client',
    'src/local',
    'examples',
  ],
  worker: ['activities', 'src/config', 'src/local', 'src/protocol', 'src/telemetry', 'src/warehouse'],
  examples: [],
};

/** Programs that tie the others together: they may see every surface, and nothing sees them. */
const PROGRAMS = ['src/local/demo'];

/** Packages that mark an edge, and the only places that may name them. */
const NAMED_IN = {
  pg: ['src/warehouse', 'src/ledger', 'src/planning', 'src/local', 'activities', 'worker', 'examples'],
  zod: ['src/spec', 'src/config', 'src/local'],
  yaml: ['src/spec'],
  commander: ['src/cli'],
  picocolors: ['src/cli', 'src/local'],
  '@temporalio/workflow': ['workflows', 'src/protocol'],
  '@temporalio/activity': ['activities'],
  '@temporalio/worker': ['worker'],
  '@temporalio/client': ['src/client', 'src/cli', 'src/local'],
  '@temporalio/envconfig': ['src/config'],
};

const OURS = '^(src|activities|workflows|worker|examples|test|bench|scripts)/';
const ruleName = (folder) => folder.replace(/^src\//, '').replaceAll('/', '-');
const below = (paths) => `^(${paths.map((path) => (path.endsWith('.ts') ? path : `${path}/`)).join('|')})`;
const packagePath = (name) => `(^|/)node_modules/(@types/)?${name}/`;

const layers = Object.entries(SEES).map(([folder, seen]) => ({
  name: `${ruleName(folder)}-sees-inwards-only`,
  severity: 'error',
  comment: `${folder} may import ${seen.join(', ') || 'nothing but itself'}: move the code or hand the effect in as an argument.`,
  from: { path: below([folder]), pathNot: `^(${PROGRAMS.join('|')})` },
  to: { path: OURS, pathNot: below([folder, ...seen]) },
}));

const packages = Object.entries(NAMED_IN).map(([name, folders]) => ({
  name: `${name.replace('@temporalio/', 'temporal-')}-is-named-at-its-edge`,
  severity: 'error',
  comment: `${name} is named in ${folders.join(', ')} only, so that it can be replaced there.`,
  from: { path: OURS, pathNot: below([...folders, 'test', 'bench']) },
  to: { path: packagePath(name) },
}));

module.exports = {
  forbidden: [
    ...layers,
    ...packages,
    {
      name: 'nothing-imports-worker',
      severity: 'error',
      comment: 'A worker is a process, started and not imported.',
      from: { pathNot: '^(worker|test|bench)/|^src/local/demo' },
      to: { path: '^worker/' },
    },
    {
      name: 'only-worker-imports-activities',
      severity: 'error',
      comment: 'Workflows name activities by the interface in src/protocol; the worker alone knows the code.',
      from: { pathNot: '^(activities|worker|test|bench)/' },
      to: { path: '^activities/' },
    },
    {
      name: 'only-the-bundle-holds-workflows',
      severity: 'error',
      comment: 'Workflow code runs in its sandbox, loaded from the bundle; clients name a workflow by its type.',
      from: { pathNot: '^(workflows|test)/' },
      to: { path: '^workflows/' },
    },
    {
      name: 'replayed-code-is-pure',
      severity: 'error',
      comment: 'Replay must come to the same end years later: no Node module and no package but the workflow API.',
      from: { path: '^(src/domain|src/protocol|workflows)/' },
      to: { dependencyTypesNot: ['local'], pathNot: packagePath('@temporalio/workflow') },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Types count: what needs each other belongs in one file, or shares a third.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'Nothing imports it and it imports nothing: delete it.',
      from: { orphan: true },
      to: {},
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      comment: 'The import leads nowhere.',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-development-packages',
      severity: 'error',
      comment: 'What runs must not need a package that only developers install.',
      from: { path: '^(src|activities|workflows|worker|examples)/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: '(^|/)node_modules/@types/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|dist-test)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
