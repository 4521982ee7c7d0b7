// docs/http.md lists the codes of src/errors.ts that a client can meet, with their status.

import { readdirSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HTTP_STATUS } from '../../src/errors.ts';
import { permissionOf } from '../../src/serve/access/permission.ts';

/** Ends the start, or stands in the log: no answer over HTTP has it. */
const NOT_OVER_HTTP = ['cannot_listen', 'length_required', 'draining'];

const test = suite('docs/http.md');
const docs = readFileSync('docs/http.md', 'utf8');

test('every code that is sent is there with its status, and no other', () => {
  const wanted = Object.entries(HTTP_STATUS).filter(([code]) => !NOT_OVER_HTTP.includes(code));
  const listed = [...docs.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \| \S/gm)].map(([, code, status]) => [
    code,
    Number(status),
  ]);
  assert.equal(listed.sort(), wanted.sort());
});

test('each path of the fleet listener has the permission that the table says', () => {
  const [, table] = /\| path \| permission \|.*\n\|[-|]+\n([\s\S]*?)\n\n/.exec(docs)!;
  const rows = table!.split('\n').map((row) => row.slice(1, -1).split('|'));
  assert.ok(rows.length > 5);
  for (const [paths, permission] of rows) {
    const [said] = /[a-z]+/.exec(permission!)!;
    for (const [, path] of paths!.matchAll(/`(\/[\w/]+)/g)) {
      assert.is(permissionOf(path!), said === 'none' ? 'nothing' : said, path);
    }
  }
});

test('every file that a page links to is there, and so is the heading', () => {
  const pages = readdirSync('docs').flatMap((name) => (name.endsWith('.md') ? [name.slice(0, -3)] : []));
  assert.ok(pages.includes('http') && pages.includes('fleet'));
  for (const page of pages) {
    const text = readFileSync(`docs/${page}.md`, 'utf8');
    for (const [, file, anchor] of text.matchAll(/\]\(([^)#:]*)(?:#([^)]+))?\)/g)) {
      const target = file === '' ? text : readFileSync(`docs/${file}`, 'utf8');
      const headings = [...target.matchAll(/^#+ (.*)$/gm)].map(([, words]) =>
        words!
          .toLowerCase()
          .replaceAll(/[^\w ]/g, '')
          .replaceAll(' ', '-'),
      );
      assert.ok(anchor === undefined || headings.includes(anchor), `${page}: ${file}#${anchor}`);
    }
  }
});

test.run();
