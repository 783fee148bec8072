import { test } from 'node:test';
import assert from 'node:assert';

test('counts', () => {
  assert.equal(1 + 1, 2);
});
