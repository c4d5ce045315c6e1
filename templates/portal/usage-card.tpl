{{%AUTOESCAPE context="HTML"}}
<section class="card" aria-labelledby="h-use">
  <div class="card__head"><div><h2 id="h-use">Usage</h2><p>per day, last 30 days</p></div>{{>legend}}</div>
  <div class="card__body">{{>chart}}{{#no_chart}}<p class="muted">No call in the last 30 days.</p>{{/no_chart}}</div>
</section>
