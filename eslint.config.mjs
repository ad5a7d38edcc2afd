// The architecture as rules: who may import what, who may read the environment, who may connect. Every rule here that
// is ours is fired by tools/lint-rules/lint-rules.spec.ts.
import nx from '@nx/eslint-plugin';
import { createProjectGraphAsync } from '@nx/devkit';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { linearPattern } from './tools/lint-rules/linear-pattern.mjs';
import { noImportCycle } from './tools/lint-rules/no-import-cycle.mjs';

// Without a project graph the module boundaries would be skipped with a mere warning: on a fresh clone there is none.
process.env.NX_DAEMON ??= 'false';
await createProjectGraphAsync({ exitOnError: false, resetDaemonClient: true });

const specs = ['**/*.{spec,test}.ts', 'apps/e2e/**/*.ts'];

/** Who may depend on whom, by the layer in each package.json. */
const layers = {
  contract: [],
  kernel: ['kernel'],
  domain: ['contract', 'kernel', 'domain'],
  platform: ['contract', 'kernel', 'platform'],
  tenant: ['contract', 'kernel', 'platform'],
  runtime: ['contract', 'kernel', 'platform', 'tenant'],
  app: ['contract', 'kernel', 'domain', 'platform', 'tenant', 'runtime'],
  composition: ['contract', 'kernel', 'domain', 'platform', 'tenant', 'runtime', 'app'],
  testing: ['contract', 'kernel', 'domain', 'platform', 'tenant', 'testing'],
};

/** Specs may use the fixtures too, and an application's spec may start what it is composed of. */
function moduleBoundaries(additional) {
  return [
    'error',
    {
      allow: [],
      enforceBuildableLibDependency: false,
      // Fixtures start the libraries that use them in their specs; a cycle of modules is found by import-cycle.
      ignoredCircularDependencies: [['tag:layer:testing', '*']],
      depConstraints: Object.entries(layers).map(([layer, others]) => ({
        sourceTag: `layer:${layer}`,
        onlyDependOnLibsWithTags: [...others, ...additional].map((other) => `layer:${other}`),
      })),
    },
  ];
}

const reachingIn = {
  group: ['@easyflow/*/*'],
  message: 'Import the package itself: what others may use is exported by its index.ts.',
};
const connections = {
  paths: [
    {
      name: 'pg',
      allowTypeImports: true,
      message:
        "A connection without a tenant's session bypasses isolation. Use the sessions of @easyflow/tenant-context.",
    },
    ...['pg-pool', 'pg-native'].map((name) => ({
      name,
      message: 'Use the sessions of @easyflow/tenant-context.',
    })),
    {
      name: 'typeorm',
      importNames: [
        'DataSource',
        'createConnection',
        'createConnections',
        'getConnection',
        'getManager',
      ],
      allowTypeImports: true,
      message:
        'Only platform/database and tenant-context make data sources. Take a session of @easyflow/tenant-context.',
    },
  ],
  patterns: [reachingIn],
};
const technologies = [
  ['@nestjs/*', 'Nest wires; a rule of the business does not know it. Put wiring into the app.'],
  ['typeorm', "Persist in the feature's repository; the domain takes and gives values."],
  ['pg', "Query in the feature's repository; the domain takes and gives values."],
  ['kafkajs', 'Send from the app; the domain gives the message as a value.'],
  ['ioredis', 'Keep it behind a port; the domain takes and gives values.'],
];
const pure = {
  patterns: [
    reachingIn,
    ...technologies.map(([name, message]) => ({ group: [name, `${name}/**`], message })),
  ],
};

const noExportAll = {
  selector: 'ExportAllDeclaration',
  message: 'Name what is exported: `export *` makes everything public without anyone deciding so.',
};
const environment = [
  {
    selector: "MemberExpression[object.name='process'][property.name='env']",
    message:
      'Only @easyflow/platform-config reads the environment. Add a validated setting there and pass it in.',
  },
  {
    selector: "VariableDeclarator[init.name='process'] Property[key.name='env']",
    message: 'Only @easyflow/platform-config reads the environment. Take the setting as a value.',
  },
  {
    selector:
      "ImportDeclaration[source.value=/^(node:)?process$/] ImportSpecifier[imported.name='env']",
    message: 'Only @easyflow/platform-config reads the environment. Take the setting as a value.',
  },
];

/** Below the engine and the expressions nothing may differ between two evaluations of one state. */
const clocks = [
  {
    selector:
      "MemberExpression[object.name='Date'][property.name='now'], CallExpression[callee.name='Date'], NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'The engine reads no clock: take `now` as a value. To interrupt, use CpuAllowance.',
  },
  {
    selector:
      "MemberExpression[object.name='process'][property.name=/^(hrtime|uptime|cpuUsage|threadCpuUsage|resourceUsage)$/], Identifier[name=/^(performance|Temporal)$/]",
    message:
      'Only run/clock.ts of @easyflow/expressions reads a clock, to interrupt. Use CpuAllowance.',
  },
  {
    selector:
      'CallExpression[callee.name=/^(setTimeout|setInterval|setImmediate|queueMicrotask)$/]',
    message: 'Nothing here happens later by itself: the shell calls `advance` again.',
  },
  {
    selector:
      "MemberExpression[object.name='Math'][property.name='random'], Identifier[name=/^(crypto|randomUUID|randomBytes|randomInt|getRandomValues|newId)$/]",
    message: 'Chance differs between two runs of one state: derive it from the key of the effect.',
  },
];
const clockless = { 'no-restricted-syntax': ['error', noExportAll, ...environment, ...clocks] };

export default defineConfig(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '.nx/**',
      '.easyflow/**',
      '.conformance/**',
      '**/coverage/**',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error', noInlineConfig: true } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: {
      '@nx': nx,
      easyflow: { rules: { 'linear-pattern': linearPattern, 'no-import-cycle': noImportCycle } },
    },
    rules: {
      '@nx/enforce-module-boundaries': moduleBoundaries([]),
      'easyflow/linear-pattern': 'error',
      'easyflow/no-import-cycle': 'error',
      'no-restricted-syntax': ['error', noExportAll, ...environment],
      '@typescript-eslint/no-restricted-imports': ['error', connections],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/ban-ts-comment': [
        'error',
        { 'ts-expect-error': true, minimumDescriptionLength: 10 },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // An implementation of an asynchronous port may well have nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      // Nest's modules are classes that carry only decorators.
      '@typescript-eslint/no-extraneous-class': 'off',
      'no-empty': ['error', { allowEmptyCatch: false }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: [
      'libs/contracts/**/*.ts',
      'libs/kernel/**/*.ts',
      'libs/domain/**/*.ts',
      'libs/engine/**/*.ts',
      'libs/expressions/**/*.ts',
    ],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', pure] },
  },
  {
    files: ['libs/engine/src/**/*.ts', 'libs/expressions/src/**/*.ts'],
    ignores: ['libs/expressions/src/run/clock.ts'],
    rules: clockless,
  },
  {
    files: [
      'libs/platform/database/**/*.ts',
      'libs/platform/local-servers/**/*.ts',
      'libs/tenant-context/**/*.ts',
      'libs/testing/**/*.ts',
    ],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [reachingIn] }] },
  },
  {
    files: [
      'libs/platform/config/**/*.ts',
      'libs/platform/local-servers/**/*.ts',
      'libs/testing/**/*.ts',
      'tools/**/*.ts',
      'bench/**/*.ts',
      ...specs,
    ],
    rules: { 'no-restricted-syntax': ['error', noExportAll] },
  },
  {
    // Specs and fixtures read what they write themselves; the others make patterns of authors', which they bound
    // themselves, and of our own routes.
    files: [
      ...specs,
      'libs/testing/**/*.ts',
      'tools/**/*.ts',
      'libs/engine/src/patterns/*.ts',
      'libs/expressions/src/regex/char-set.ts',
      'apps/gateway/src/http/method-not-allowed.ts',
    ],
    rules: { 'easyflow/linear-pattern': 'off' },
  },
  {
    // A spec attacks and counts from outside the product: it may connect as anybody.
    files: specs,
    rules: {
      '@nx/enforce-module-boundaries': moduleBoundaries(['testing']),
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: [reachingIn] }],
      // expect(object.method) reads the method without calling it.
      '@typescript-eslint/unbound-method': 'off',
      // Jest's own matchers (expect.any, expect.objectContaining) are typed any.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
  {
    // The gateway and the registry are two halves of one road: a spec of one starts the other, the product never.
    files: ['apps/*/src/**/*.{spec,test}.ts'],
    rules: { '@nx/enforce-module-boundaries': moduleBoundaries(['testing', 'app']) },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    rules: {
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-unused-vars': 'error',
      'prefer-const': 'error',
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', noExportAll],
    },
  },
);
