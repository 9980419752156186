// Every key is in every language, and nothing stands in braces that another language lacks. The
// texts of the report's reasons are compared with its contract by a test of the report.

import { readFileSync } from "node:fs";

const read = (name) => JSON.parse(readFileSync(new URL(`../src/lang/${name}.json`, import.meta.url), "utf8"));
const [nb, nn, en] = ["nb", "nn", "en"].map(read);
const braces = (text) => [...text.matchAll(/\{\w*\}/g)].map(String).sort().join();
for (const [name, words] of Object.entries({ nn, en })) {
  for (const key of new Set([...Object.keys(nb), ...Object.keys(words)])) {
    if (nb[key] === undefined || words[key] === undefined) throw new Error(`${key} is missing in nb or ${name}`);
    if (braces(nb[key]) !== braces(words[key])) throw new Error(`${key}: other braces in ${name}`);
  }
}
console.log(`words: ${Object.keys(nb).length} keys in three languages`);
