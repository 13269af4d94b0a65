/** Short ways for the tests of this folder to load a configuration. */
import assert from 'node:assert/strict'
import type { Environment } from './environment.ts'
import { loadConfiguration } from './load-configuration.ts'
import type { LoadedConfiguration } from './load-configuration.ts'
import { ConfigurationError } from './problems.ts'

export const smallest = 'version: 0.1\nstorage: inmemory\n'

export function load(text: string | undefined, environment: Environment = {}): LoadedConfiguration {
  return loadConfiguration({ file: text === undefined ? undefined : { path: 'config.yml', text }, environment })
}

export function configured(
  text: string | undefined,
  environment: Environment = {},
): LoadedConfiguration['configuration'] {
  return load(text, environment).configuration
}

export function problemsOf(text: string | undefined, environment: Environment = {}): readonly string[] {
  try {
    load(text, environment)
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error))
    return error.problems
  }
  return []
}

/** That exactly one thing is wrong, and what. */
export function assertProblem(expected: RegExp, text: string | undefined, environment: Environment = {}): void {
  const problems = problemsOf(text, environment)
  assert.equal(problems.length, 1, JSON.stringify(problems))
  assert.match(problems[0] ?? '', expected)
}
