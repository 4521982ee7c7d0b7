import { Store } from '/tmp/store/src/store/store.ts';
const rss=()=>Number(/VmRSS:\s+(\d+)/.exec(require('fs').readFileSync('/proc/self/status','utf8'))![1])/1024;
import { createRequire } from 'node:module'; const require=createRequire('/tmp/');
const store=new Store({memoryBytes:512<<20,maxValueBytes:4<<20,seed:[1,2]} as never);
const c=store.addCache({name:'x',shareBytes:undefined,evictable:true} as never);
const r0=rss(); const N=1e6; const t=performance.now();
const v=Buffer.alloc(100,97);
for(let i=0;i<N;i++){const d=store.draft(c);d.append(v);store.put(c,Buffer.from('key:'+String(i).padStart(10,'0')),d,{contentType:'application/octet-stream',etag:'',tags:[]},0);d.release();}
console.log('entries',c.entries,'ms',(performance.now()-t).toFixed(0),'rss+',((rss()-r0)*1048576/c.entries).toFixed(0),'B/entry; charged',(store.budget.usedBytes/c.entries).toFixed(0));
