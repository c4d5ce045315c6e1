{{%AUTOESCAPE context="HTML"}}
<section class="card" aria-labelledby="h-plan">
  <div class="card__head"><h2 id="h-plan">Plan: {{policy_name}}</h2></div>
  <div class="card__body"><dl class="facts facts--short">
    <dt>Rate</dt><dd>{{#has_rate}}{{rate}}{{/has_rate}}{{#no_rate}}No limit{{/no_rate}}</dd>
    <dt>Quota</dt><dd>{{#has_quota}}{{quota}}{{/has_quota}}{{#no_quota}}No limit{{/no_quota}}</dd>
    <dt>Key life</dt><dd>{{#has_days}}{{days}} days{{/has_days}}{{#no_days}}{{#takes_certificate}}Until the certificate ends{{/takes_certificate}}{{#no_takes_certificate}}No end{{/no_takes_certificate}}{{/no_days}}</dd>
    <dt>Approval</dt><dd>{{#automatic}}At once{{#proof_required}}, when the certificate is proven{{/proof_required}}{{/automatic}}{{#no_automatic}}By hand{{/no_automatic}}</dd>
  </dl></div>
</section>
