{{%AUTOESCAPE context="HTML"}}
<div class="chart{{#low}} chart--low{{/low}}">
  <div class="chart__y" aria-hidden="true">{{#ticks}}<span>{{item}}</span>{{/ticks}}</div>
  <svg class="chart__plot" viewBox="0 0 {{width}} 160" preserveAspectRatio="none" role="img" aria-label="{{caption}}; the figures are in the table below it.">
    {{#lines}}<line class="chart__grid" vector-effect="non-scaling-stroke" x1="0" x2="{{width}}" y1="{{item}}" y2="{{item}}"/>
    {{/lines}}
    {{#bars}}<g><title>{{label}}: {{allowed}} allowed, {{refused}} refused, {{failed}} upstream errors</title><rect class="chart__hit" x="{{left}}" width="10" height="160"/>{{#part_ok}}<rect class="c-ok" x="{{x}}" y="{{y}}" width="7.6" height="{{h}}"/>{{/part_ok}}{{#part_warn}}<rect class="c-warn" x="{{x}}" y="{{y}}" width="7.6" height="{{h}}"/>{{/part_warn}}{{#part_bad}}<rect class="c-bad" x="{{x}}" y="{{y}}" width="7.6" height="{{h}}"/>{{/part_bad}}</g>
    {{/bars}}
  </svg>
  <div class="chart__x{{#ends}} chart__x--ends{{/ends}}" aria-hidden="true">{{#marks}}<span>{{item}}</span>{{/marks}}</div>
</div>
<details class="more">
  <summary>Show the figures</summary>
  <div class="table-wrap" tabindex="0" role="region" aria-labelledby="figures-{{id}}">
    <table class="table table--tight">
      <caption class="sr-only" id="figures-{{id}}">{{caption}}</caption>
      <thead>
        <tr><th scope="col">{{unit}}</th><th scope="col" class="right">Allowed</th><th scope="col" class="right">Refused</th><th scope="col" class="right">Upstream errors</th></tr>
      </thead>
      <tbody>
        {{#bars}}<tr><th scope="row" class="nowrap">{{label}}</th><td class="right">{{allowed}}</td><td class="right">{{refused}}</td><td class="right">{{failed}}</td></tr>
        {{/bars}}
      </tbody>
    </table>
  </div>
</details>
