// Node 20 reads this file at every start of a process, which takes two thirds of a bare start on top; no test needs it.
delete process.env.NODE_EXTRA_CA_CERTS;

/** Contract tests import the built package as `loky`, as its users do; unit tests import from lib/ directly. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/__tests__'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, diagnostics: false }] },
  setupFilesAfterEnv: ['<rootDir>/__tests__/helpers/leave-nothing-behind.ts'],
  // Tests of lib/ let time stand still.
  moduleNameMapper: { '(/system|^\\.)/timers\\.ts$': '<rootDir>/__tests__/helpers/global-timers.ts' },
  coverageProvider: 'v8',
  // Each is a process of its own, and sees only its own descendants.
  maxWorkers: 2,
  // Of tests that say test.concurrent: programs that mostly start, wait and end.
  maxConcurrency: 3,
  // For what hangs: a busy machine may take ten times as long as a quiet one.
  testTimeout: 60_000,
  // What a test file has loaded stays in memory: files run in a process that is replaced when it has become large.
  workerIdleMemoryLimit: '1GB',
};
